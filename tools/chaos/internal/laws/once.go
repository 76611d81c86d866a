package laws

import (
	"slices"

	"magpie.build/tools/chaos/internal/record"
)

// once is the third law for what was acknowledged, and the fourth for what was not: a key names one message, in the history and
// in each view, and somebody published it. What was shown twice at one position is the matter of [run.show].
func (r *run) once(ch *channel) {
	seen := make(map[string]int)
	for _, i := range ch.kept {
		e := r.Events[i]
		r.known(ch, i, "the history")
		if first, ok := seen[e.Key]; ok {
			r.breaks(ch.lawOf(e.Key), append(ch.about(e.Key), first, i), "the history of %s has %s at %d and at %d", ch.name, e.Key, r.Events[first].Offset, e.Offset)
		}
		seen[e.Key] = i
	}
	for _, who := range ch.names {
		seen := make(map[string]int)
		for _, i := range ch.viewers[who] {
			e := r.Events[i]
			if e.Kind == record.Told && !r.Model.Durable {
				clear(seen) // what a failover lost may be published again
			}
			if e.Kind != record.Show {
				continue
			}
			r.known(ch, i, who)
			if first, ok := seen[e.Key]; ok && r.Events[first].Offset != e.Offset {
				r.breaks(ch.lawOf(e.Key), append(ch.about(e.Key), first, i), "%s showed %s of %s at %d and at %d",
					who, e.Key, ch.name, r.Events[first].Offset, e.Offset)
			}
			seen[e.Key] = i
		}
	}
}

// known complains of what nobody published.
func (r *run) known(ch *channel, i int, who string) {
	if key := r.Events[i].Key; ch.message(key).published < 0 {
		r.breaks(AtMostOnce, []int{i}, "%s has %q in %s, which nobody published", who, key, ch.name)
	}
}

// lawOf is the law that a second message under a key breaks.
func (ch *channel) lawOf(key string) Law {
	if ch.message(key).acked < 0 {
		return AtMostOnce
	}
	return Once
}

// ordered is the rest of the third law: what was published after something was acknowledged comes after it.
func (r *run) ordered(ch *channel) {
	first := -1 // of the acknowledgements of all that comes later in the history
	var later string
	for _, place := range slices.Backward(ch.kept) {
		key := r.Events[place].Key
		m := ch.message(key)
		if first >= 0 && m.published > first {
			evidence := append(ch.about(later), ch.about(key)...)
			r.breaks(Once, append(evidence, place, ch.keys[later]), "%s was published after %s was acknowledged, and %s has it before", key, later, ch.name)
		}
		if m.acked >= 0 && (first < 0 || m.acked < first) {
			first, later = m.acked, key
		}
	}
}
