package laws

import (
	"slices"

	"magpie.build/tools/chaos/internal/record"
)

// losable reports whether a message was acknowledged when Redis lost what it accepted: it was, by some time between its first
// try and its acknowledgement.
func (r *run) losable(m *message) bool {
	if r.Model.Durable || r.Model.Forgets {
		return r.Model.Forgets
	}
	accepted := record.Span{To: r.Events[m.acked].At}
	if m.published >= 0 {
		accepted.From = r.Events[m.published].At
	}
	return slices.ContainsFunc(r.losses, accepted.Overlaps)
}

// readable is the first law: whatever was acknowledged is in the history that was read at the end, as far back as that goes.
func (r *run) readable(ch *channel) {
	if ch.top < 0 {
		return // nobody read it
	}
	top := r.Events[ch.top]
	for i := 1; i < len(ch.kept); i++ {
		before, after := r.Events[ch.kept[i-1]], r.Events[ch.kept[i]]
		if after.Offset != before.Offset+1 {
			r.breaks(Readable, []int{ch.kept[i-1], ch.kept[i], ch.top}, "the history of %s has %d after %d", ch.name, after.Offset, before.Offset)
		}
	}
	if n := len(ch.kept); n > 0 && r.Events[ch.kept[n-1]].Offset != top.Offset {
		r.breaks(Readable, []int{ch.kept[n-1], ch.top}, "the history of %s ends at %d, not at %d", ch.name, r.Events[ch.kept[n-1]].Offset, top.Offset)
	}
	if uint64(len(ch.kept)) >= r.Model.HistorySize {
		return // what is not there may have been trimmed
	}
	for _, key := range ch.order {
		m := ch.messages[key]
		if _, ok := ch.keys[key]; ok || m.acked < 0 {
			continue
		}
		switch {
		case r.Model.Durable:
			r.breaks(Readable, append(ch.about(key), ch.top), "%s was acknowledged, and %s does not have it at the end", key, ch.name)
		case !r.losable(m):
			r.breaks(Readable, append(ch.about(key), ch.top), "%s was acknowledged, %s does not have it at the end, and Redis lost nothing then", key, ch.name)
		}
	}
}
