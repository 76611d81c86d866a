package laws

import "magpie.build/tools/chaos/internal/record"

// view is how far a viewer came in a channel.
type view struct {
	epoch  string
	offset uint64
	at     int // the event that brought it there
	begun  bool
	away   bool
	// shown is what it showed since it was last told of a break, and crossed where an epoch followed another meanwhile: a
	// server may know that nothing was lost between two.
	shown, crossed []int
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
			r.agrees(ch, v)
			r.complete(ch, who, v)
		}
	}
}

// follow moves a view along with an event.
func (r *run) follow(ch *channel, v *view, i int) {
	e := r.Events[i]
	switch e.Kind {
	case record.Away:
		v.away = true
	case record.Told:
		*v = view{epoch: e.Epoch, offset: e.Offset, at: i, begun: true}
	case record.Live:
		r.goOn(ch, v, i)
	case record.Show:
		r.show(ch, v, i)
	case record.Publish, record.Ack, record.Fail, record.Kept, record.Top, record.Fault, record.Heal, record.Lost, record.Note:
	}
}

// goOn moves a view that is continued, as the server says, without a hole.
func (r *run) goOn(ch *channel, v *view, i int) {
	e := r.Events[i]
	v.away = false
	if !v.begun {
		*v = view{epoch: e.Epoch, offset: e.Offset, at: i, begun: true}
		return
	}
	if e.Epoch != v.epoch {
		v.epoch, v.crossed = e.Epoch, append(v.crossed, i)
	}
	if e.Offset > v.offset {
		r.breaks(Contiguous, []int{v.at, i}, "%s goes on at %d of %s after %d and was not told", e.Who, e.Offset, ch.name, v.offset)
		v.offset, v.at = e.Offset, i
	}
}

// show moves a view by a message.
func (r *run) show(ch *channel, v *view, i int) {
	e := r.Events[i]
	switch {
	case !v.begun:
	case e.Epoch != v.epoch:
		r.breaks(Contiguous, []int{v.at, i}, "%s showed epoch %s of %s after %s and was not told", e.Who, e.Epoch, ch.name, v.epoch)
	case e.Offset <= v.offset:
		r.breaks(Once, []int{v.at, i}, "%s showed %d of %s after %d", e.Who, e.Offset, ch.name, v.offset)
		return
	case e.Offset > v.offset+1:
		evidence := []int{v.at, i}
		for missing := v.offset + 1; missing < e.Offset; missing++ {
			if kept, ok := ch.byOffset[missing]; ok {
				evidence = append(evidence, kept)
			}
		}
		r.breaks(Contiguous, evidence, "%s showed %d of %s after %d and was not told", e.Who, e.Offset, ch.name, v.offset)
	}
	v.epoch, v.offset, v.at, v.begun, v.away = e.Epoch, e.Offset, i, true, false
	v.shown = append(v.shown, i)
}

// agrees compares what a viewer showed since it was last told of anything with what the history has at the same positions.
func (r *run) agrees(ch *channel, v view) {
	top := r.Events[ch.top]
	if v.epoch != top.Epoch {
		return // it is told that
	}
	for _, i := range v.shown {
		e := r.Events[i]
		evidence := append([]int{i, ch.top}, v.crossed...)
		kept, ok := ch.byOffset[e.Offset]
		switch {
		case e.Offset > top.Offset:
			r.breaks(Contiguous, evidence, "%s showed %d of %s, whose history ends at %d, and was not told", e.Who, e.Offset, ch.name, top.Offset)
		case ok && r.Events[kept].Key != e.Key:
			r.breaks(Contiguous, append(evidence, kept), "%s showed %s at %d of %s, where the history has %s, and was not told",
				e.Who, e.Key, e.Offset, ch.name, r.Events[kept].Key)
		}
	}
}

// complete compares where a view ended with where the history does.
func (r *run) complete(ch *channel, who string, v view) {
	top := r.Events[ch.top]
	last := ch.viewers[who][len(ch.viewers[who])-1]
	evidence := append([]int{v.at, ch.top}, v.crossed...)
	switch {
	case v.away:
		r.breaks(Contiguous, append(evidence, last), "%s did not come back to %s before the end", who, ch.name)
	case v.epoch != top.Epoch && !r.same(ch, v):
		r.breaks(Contiguous, evidence, "%s ended in epoch %s of %s, which ended in %s", who, v.epoch, ch.name, top.Epoch)
	case v.offset < top.Offset:
		r.breaks(Contiguous, evidence, "%s ended at %d of %s, which ended at %d", who, v.offset, ch.name, top.Offset)
	}
}

// same reports whether a view that ended in another epoch than the history has all of it nevertheless: the epoch ended after the
// last message, and took nothing with it. Nobody needs to be told that. It is known by the last message: somebody showed it in the
// view's epoch, or at its place before the view began.
func (r *run) same(ch *channel, v view) bool {
	top := r.Events[ch.top]
	if v.offset != top.Offset {
		return false
	}
	known := v.offset == 0
	for i, e := range r.Events {
		if e.Kind != record.Show || e.Channel != ch.name {
			continue
		}
		if e.Epoch != v.epoch {
			kept, ok := ch.byOffset[v.offset]
			known = known || ok && i < v.at && e.Offset == v.offset && e.Key == r.Events[kept].Key
			continue
		}
		kept, ok := ch.byOffset[e.Offset]
		if ok && r.Events[kept].Key != e.Key {
			return false
		}
		known = known || ok && e.Offset == v.offset
	}
	return known
}
