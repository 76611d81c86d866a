package delivery

import (
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"magpie.build/packages/pubsub"
)

// Bounds of what is kept of publications that were delivered, for those who come back soon.
const (
	maxRecent      = 512
	maxRecentBytes = 256 << 10
	maxAllRecent   = 64 << 20    // over all channels of a dispatcher
	coldAfter      = time.Minute // without a publication or a read, at least, and at most twice as long
)

// recent are the last publications of a line, one after the other in one epoch, up to where the line
// is. The line's mu guards it.
type recent struct {
	publications []pubsub.Publication
	bytes        int64
	all          *atomic.Int64 // bytes over all lines
	warm         bool          // changed since the last look
	// removed is up to where the history was removed: nothing of that is kept again, also where it was
	// read before.
	removed pubsub.Position
}

// add keeps one more, which follows the last or begins anew.
func (r *recent) add(p pubsub.Publication) {
	if r.all == nil || r.isRemoved(p.Position) {
		return // nobody will ask, or is to be told
	}
	if n := len(r.publications); n > 0 && !follows(r.publications[n-1].Position, p.Position) {
		r.clear()
	}
	r.warm = true
	r.publications = append(r.publications, p)
	r.count(len(p.Data))
	for len(r.publications) > maxRecent || r.bytes > maxRecentBytes || r.all.Load() > maxAllRecent {
		if len(r.publications) == 0 {
			return
		}
		r.count(-len(r.publications[0].Data))
		r.publications[0] = pubsub.Publication{}
		r.publications = r.publications[1:]
	}
}

// prepend keeps what came right before, as far as there is room.
func (r *recent) prepend(older []pubsub.Publication) {
	room, first := maxRecent-len(r.publications), len(older)
	bytes := r.bytes
	for first > 0 && room > 0 {
		bytes += int64(len(older[first-1].Data))
		if bytes > maxRecentBytes || r.all.Load()+bytes-r.bytes > maxAllRecent {
			break
		}
		first, room = first-1, room-1
	}
	older = older[first:]
	r.publications = append(append(make([]pubsub.Publication, 0, len(older)+len(r.publications)), older...), r.publications...)
	r.count(int(bytes - r.bytes))
}

func (r *recent) count(bytes int) {
	r.bytes += int64(bytes)
	r.all.Add(int64(bytes))
}

func (r *recent) clear() {
	if r.bytes != 0 {
		r.all.Add(-r.bytes)
	}
	r.publications, r.bytes = nil, 0
}

func (r *recent) isRemoved(p pubsub.Position) bool {
	return p.Epoch == r.removed.Epoch && p.Offset <= r.removed.Offset
}

// remove forgets what is not after a position.
func (r *recent) remove(until pubsub.Position) {
	r.removed = pubsub.Position{Epoch: strings.Clone(until.Epoch), Offset: until.Offset}
	if n := len(r.publications); n > 0 && r.publications[n-1].Position.Epoch != until.Epoch {
		r.clear() // offsets do not compare
		return
	}
	for len(r.publications) > 0 && r.isRemoved(r.publications[0].Position) {
		r.count(-len(r.publications[0].Data))
		r.publications[0] = pubsub.Publication{}
		r.publications = r.publications[1:]
	}
}

// after returns what came after since, which is not beyond the last; ok says that all of it is here.
func (r *recent) after(since pubsub.Position) (publications []pubsub.Publication, ok bool) {
	i := sort.Search(len(r.publications), func(i int) bool { return r.publications[i].Position.Offset > since.Offset })
	if i == len(r.publications) || r.publications[i].Position.Offset != since.Offset+1 {
		return nil, false
	}
	return r.publications[i:len(r.publications):len(r.publications)], true
}

// Recent returns what was delivered in channel after since, or reports that it is not known here. The
// history's position is the last that was delivered.
func (d *Dispatcher) Recent(channel string, since pubsub.Position) (history pubsub.History, ok bool) {
	d.with(channel, func(l *line) {
		if !l.started || since.Epoch != l.at.Epoch || since.Offset > l.at.Offset {
			return
		}
		history.Position = l.at
		if since.Offset == l.at.Offset {
			ok = true
			return
		}
		history.Publications, ok = l.recent.after(since)
	})
	return history, ok
}

// Recall keeps what was read of the channel's history as if it had been delivered just now: so the next
// who asks for it need not read.
func (d *Dispatcher) Recall(channel string, history pubsub.History) {
	d.with(channel, func(l *line) {
		if !l.started || l.recent.all == nil || history.Position.Epoch != l.at.Epoch {
			return
		}
		first := l.at.Offset + 1
		if len(l.recent.publications) > 0 {
			first = l.recent.publications[0].Position.Offset
		}
		older := slices.DeleteFunc(slices.Clone(history.Publications), func(p pubsub.Publication) bool { return l.recent.isRemoved(p.Position) })
		older = older[:sort.Search(len(older), func(i int) bool { return older[i].Position.Offset >= first })]
		if len(older) > 0 && older[len(older)-1].Position.Offset == first-1 {
			l.recent.warm = true
			l.recent.prepend(older)
		}
	})
}

// Forget says that the channel's history was removed up to a position, so that [Dispatcher.Recent] has no
// more of it; the zero position says that it may have been. What is still to be delivered is.
func (d *Dispatcher) Forget(channel string, until pubsub.Position) {
	d.with(channel, func(l *line) { l.recent.remove(until) })
}

// KeepRecent has the dispatcher remember for [Dispatcher.Recent], within bounds. It is called before
// anything else.
func (d *Dispatcher) KeepRecent() { d.keepRecent = true }

// cool forgets the publications of channels that are at rest.
func (d *Dispatcher) cool() {
	for _, channel := range d.Channels() {
		d.with(channel, func(l *line) {
			if !l.recent.warm {
				l.recent.clear()
			}
			l.recent.warm = false
		})
	}
}
