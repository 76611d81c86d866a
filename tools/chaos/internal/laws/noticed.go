package laws

import (
	"sort"
	"time"

	"magpie.build/tools/chaos/internal/record"
)

// following is a time in which a viewer follows a channel: from Live or Told to the next Away or Told, or the end.
type following struct {
	from, to int
	// open says that it followed until the end.
	open  bool
	shows map[string]int
}

// noticed is the fifth law. What a failover lost before a viewer showed it is no loss to the viewer: its view is what the history
// has. A message counts for a viewer that followed since before it was first tried; whoever comes later
// may have it in the position that it begins at.
func (r *run) noticed(ch *channel) {
	acked := ch.acked()
	for _, who := range ch.names {
		for _, f := range r.followings(ch, who) {
			begin := sort.Search(len(acked), func(n int) bool { return ch.messages[acked[n]].acked > f.from })
			for _, key := range acked[begin:] {
				if ch.messages[key].acked > f.to {
					break
				}
				r.noticedBy(ch, who, f, key)
			}
		}
	}
	r.taken(ch)
}

// acked are the acknowledged keys in the order of that.
func (ch *channel) acked() []string {
	var keys []string
	for _, key := range ch.order {
		if ch.messages[key].acked >= 0 {
			keys = append(keys, key)
		}
	}
	sort.Slice(keys, func(a, b int) bool { return ch.messages[keys[a]].acked < ch.messages[keys[b]].acked })
	return keys
}

func (r *run) noticedBy(ch *channel, who string, f following, key string) {
	m := ch.messages[key]
	if m.published < f.from || ch.lost(key) && r.losable(m) {
		return
	}
	noticed, shown := f.shows[key]
	if !shown {
		noticed = f.to
	}
	acked := r.Events[m.acked].At
	due := r.due(acked)
	if r.Events[noticed].At <= due {
		return
	}
	evidence := append(ch.about(key), f.from, noticed)
	if shown {
		r.breaks(Noticed, evidence, "%s showed %s of %s %s after it was acknowledged", who, key, ch.name, since(acked, r.Events[noticed].At))
		return
	}
	r.breaks(Noticed, evidence, "%s did not show %s of %s and knew of nothing for %s", who, key, ch.name, since(acked, r.Events[noticed].At))
}

// lost reports whether the history was read at the end and does not have a message.
func (ch *channel) lost(key string) bool {
	_, kept := ch.keys[key]
	return ch.top >= 0 && !kept
}

func since(from, to time.Duration) time.Duration { return (to - from).Round(time.Millisecond) }

// followings are the times in which a viewer followed the channel.
func (r *run) followings(ch *channel, who string) []following {
	var all []following
	var f *following
	for _, i := range ch.viewers[who] {
		e := r.Events[i]
		if f != nil && (e.Kind == record.Away || e.Kind == record.Told) {
			f.to = i
			all = append(all, *f)
			f = nil
		}
		if f == nil && (e.Kind == record.Live || e.Kind == record.Told) {
			f = &following{from: i, shows: make(map[string]int)}
		}
		if f != nil && e.Kind == record.Show {
			f.shows[e.Key] = i
		}
	}
	if f != nil {
		f.to, f.open = r.end, true
		all = append(all, *f)
	}
	return all
}

// taken asks whoever showed something at a position that then went to another message, as after a failover, to know of it in
// time.
func (r *run) taken(ch *channel) {
	type position struct {
		epoch  string
		offset uint64
	}
	shown := make(map[position]int) // the first show there
	again := make(map[position]int) // the first show of another message
	for i, e := range r.Events {
		if e.Kind != record.Show || e.Channel != ch.name {
			continue
		}
		at := position{e.Epoch, e.Offset}
		first, ok := shown[at]
		if !ok {
			shown[at] = i
		} else if _, ok := again[at]; !ok && r.Events[first].Key != e.Key {
			again[at] = i
		}
	}
	for _, who := range ch.names {
		for _, f := range r.followings(ch, who) {
			for _, i := range f.shows {
				other, ok := again[position{r.Events[i].Epoch, r.Events[i].Offset}]
				if ok && i < other && r.Events[f.to].At > r.due(r.Events[other].At) {
					r.breaks(Noticed, []int{f.from, i, other, f.to}, "%s showed %s at %d of %s, where %s then showed %s, and knew of nothing for %s", who,
						r.Events[i].Key, r.Events[i].Offset, ch.name, r.Events[other].Who, r.Events[other].Key, since(r.Events[other].At, r.Events[f.to].At))
				}
			}
		}
	}
}
