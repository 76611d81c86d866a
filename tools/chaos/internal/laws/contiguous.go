package laws

import "magpie.build/tools/chaos/internal/record"

// view is how far a viewer came in a channel.
type view struct {
	epoch  string
	offset uint64
	at     int // the event that brought it there
	begun  bool
	away   bool
}

// contiguous is the second law, and of the third that offsets grow: each message that a viewer shows comes right after the one
// before, its position names what the history has there, and at the end it has shown all.
func (r *run) contiguous(ch *channel) {
	for _, who := range ch.names {
		var v view
		for _, i := range ch.viewers[who] {
			r.follow(ch, &v, i)
		}
		if ch.top >= 0 {
			r.complete(ch, who, v)
		}
	}
}

// follow moves a view along with an event.
func (r *run) follow(ch *channel, v *view, i int) {
	e := r.Events[i]
	evidence := []int{v.at, i}
	if !v.begun {
		evidence = []int{i}
	}
	switch e.Kind {
	case record.Away:
		v.away = true
		return
	case record.Told:
		*v = view{epoch: e.Epoch, offset: e.Offset, at: i, begun: true}
		return
	case record.Live:
		switch {
		case !v.begun:
		case e.Epoch != v.epoch && v.epoch != "":
			r.breaks(Contiguous, evidence, "%s goes on in epoch %s of %s after %s and was not told", e.Who, e.Epoch, ch.name, v.epoch)
		case e.Offset > v.offset:
			r.breaks(Contiguous, evidence, "%s goes on at %d of %s after %d and was not told", e.Who, e.Offset, ch.name, v.offset)
		case e.Offset < v.offset:
			v.away = false
			return // what it has shown is shown
		}
	case record.Show:
		switch {
		case !v.begun:
		case e.Epoch != v.epoch && v.epoch != "":
			r.breaks(Contiguous, evidence, "%s showed epoch %s of %s after %s and was not told", e.Who, e.Epoch, ch.name, v.epoch)
		case e.Offset <= v.offset:
			r.breaks(Once, evidence, "%s showed %d of %s after %d", e.Who, e.Offset, ch.name, v.offset)
			return
		case e.Offset > v.offset+1:
			for missing := v.offset + 1; missing < e.Offset; missing++ {
				if kept, ok := ch.byOffset[missing]; ok {
					evidence = append(evidence, kept)
				}
			}
			r.breaks(Contiguous, evidence, "%s showed %d of %s after %d and was not told", e.Who, e.Offset, ch.name, v.offset)
		}
		r.agrees(ch, i)
	case record.Publish, record.Ack, record.Fail, record.Kept, record.Top, record.Fault, record.Heal, record.Note:
	}
	*v = view{epoch: e.Epoch, offset: e.Offset, at: i, begun: true}
}

// agrees compares what was shown with what the history has at the same position.
func (r *run) agrees(ch *channel, i int) {
	e := r.Events[i]
	if ch.top < 0 || e.Epoch != r.Events[ch.top].Epoch {
		return
	}
	if e.Offset > r.Events[ch.top].Offset {
		r.breaks(Contiguous, []int{i, ch.top}, "%s showed %d of %s, whose history ends at %d in the same epoch", e.Who, e.Offset, ch.name, r.Events[ch.top].Offset)
		return
	}
	if kept, ok := ch.byOffset[e.Offset]; ok && r.Events[kept].Key != e.Key {
		r.breaks(Contiguous, []int{i, kept, ch.top}, "%s showed %s at %d of %s, and the history has %s there in the same epoch",
			e.Who, e.Key, e.Offset, ch.name, r.Events[kept].Key)
	}
}

// complete compares where a view ended with where the history does.
func (r *run) complete(ch *channel, who string, v view) {
	top := r.Events[ch.top]
	last := ch.viewers[who][len(ch.viewers[who])-1]
	switch {
	case v.away:
		r.breaks(Contiguous, []int{v.at, last, ch.top}, "%s did not come back to %s before the end", who, ch.name)
	case v.epoch != top.Epoch && (v.offset != 0 || top.Offset != 0):
		r.breaks(Contiguous, []int{v.at, ch.top}, "%s ended in epoch %s of %s, which ended in %s", who, v.epoch, ch.name, top.Epoch)
	case v.offset < top.Offset:
		r.breaks(Contiguous, []int{v.at, ch.top}, "%s ended at %d of %s, which ended at %d", who, v.offset, ch.name, top.Offset)
	}
}
