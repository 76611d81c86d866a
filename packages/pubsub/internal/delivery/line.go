package delivery

import (
	"strings"
	"sync"

	"magpie.build/packages/pubsub"
)

// Bounds of what waits for one channel's handler.
const (
	maxWaiting = 256
	maxBytes   = 4 << 20 // a few of the largest publications
)

// line is one channel: what waits for its handler, and how far it came.
type line struct {
	channel string

	mu      sync.Mutex
	queue   []item
	bytes   int             // of data in queue
	started bool            // at is known
	running bool            // a goroutine drains the line
	removed bool            // nothing is delivered any more
	behind  bool            // a publication was passed over: history has it
	arrived pubsub.Position // the newest that was offered
	at      pubsub.Position // the last that was delivered; written by the draining goroutine alone
	recent  recent
}

// item is one thing to deliver.
type item struct {
	publication pubsub.Publication
	presence    *pubsub.PresenceEvent
	stats       *pubsub.PresenceStats
	again       bool // the offset had arrived before: the broker's server went back in time
	behind      bool // nothing to deliver: something was passed over here
}

// offer queues a publication, or remembers that history must be read for it.
func (l *line) offer(publication pubsub.Publication) {
	if publication.Position.Epoch == l.arrived.Epoch {
		publication.Position.Epoch = l.arrived.Epoch // one string for all, not a part of each message
	} else {
		publication.Position.Epoch = strings.Clone(publication.Position.Epoch)
	}
	position := publication.Position
	again := position.Epoch == l.arrived.Epoch && position.Offset != 0 && position.Offset <= l.arrived.Offset
	if position.Offset != 0 {
		l.arrived = position
	}
	if !l.push(item{publication: publication, again: again}) && position.Offset != 0 {
		l.behind = true
	}
}

func (l *line) push(next item) bool {
	if len(l.queue) >= maxWaiting || l.bytes >= maxBytes {
		return false
	}
	l.queue = append(l.queue, next)
	l.bytes += len(next.publication.Data)
	return true
}

// compare looks whether the end of history is something that never arrived here.
func (l *line) compare(top pubsub.Position) {
	if !l.started || top == l.at || ignored(l.at, top) {
		return
	}
	// What arrived and waits is going to be delivered. What arrived and is not there any more was asked
	// for in vain, of a server that did not have it: one that a failover left behind.
	if waits := l.running || len(l.queue) > 0; waits && top == l.arrived {
		return
	}
	if top.Offset == 0 && l.at.Offset == 0 {
		return // an epoch without publications is as good as any other
	}
	l.behind = true
}

// ready reports whether there is something to do.
func (l *line) ready() bool {
	return l.started && !l.removed && (len(l.queue) > 0 || l.behind)
}

// pop takes the next thing to do, or reports false and ends the line's goroutine. What was passed
// over came after everything that waits.
func (l *line) pop(stop bool) (next item, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if stop || !l.ready() {
		l.running = false
		return item{}, false
	}
	if len(l.queue) == 0 {
		l.queue = nil
		return item{behind: true}, true
	}
	next = l.queue[0]
	l.queue[0] = item{}
	l.queue = l.queue[1:]
	l.bytes -= len(next.publication.Data)
	return next, true
}

// begin is called before history is read: it will have whatever was passed over until now.
func (l *line) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.behind = false
}

// advance notes what is about to be delivered.
func (l *line) advance(p pubsub.Publication) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = p.Position
	if !l.removed {
		l.recent.add(p)
	}
}

// jump notes where to go on, without a publication.
func (l *line) jump(position pubsub.Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at != position {
		l.at = position
		l.recent.clear()
	}
}

func (l *line) gone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.removed
}

// follows reports whether next comes right after last.
func follows(last, next pubsub.Position) bool {
	if last.Epoch == "" {
		return next.Offset == 1
	}
	return next.Epoch == last.Epoch && next.Offset == last.Offset+1
}

// repeats reports whether next was delivered already.
func repeats(last, next pubsub.Position) bool {
	return next.Epoch == last.Epoch && next.Offset <= last.Offset
}
