// Package delivery hands publications to a broker's handler: in order for each channel, without
// holes, and never blocking who offers them.
//
// A channel that has something to deliver has a goroutine, one at rest has none; so a slow handler
// delays the channel it is slow for and no other. What waits is bounded for each channel. When the
// bound is reached, or an offset does not follow the last, the goroutine reads what is missing from
// history, once, while later publications wait; if history no longer has it, the handler is told of
// a break.
package delivery

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"magpie.build/packages/pubsub"
)

// pageSize is how many publications one read of a missing range asks for.
const pageSize = 512

// Resume reads what a channel's history has after since, at most limit publications of it. Its
// error wraps [pubsub.ErrUnrecoverable] when that cannot be done without a hole; the history then
// holds the current position all the same. Any other error is tried again.
type Resume func(ctx context.Context, channel string, since pubsub.Position, limit int) (pubsub.History, error)

// Dispatcher is the set of subscribed channels and what waits in each. It is safe for concurrent
// use; publications of one channel are offered by one goroutine at a time.
type Dispatcher struct {
	resume Resume
	closed chan struct{}

	keepRecent bool
	recent     atomic.Int64 // bytes of publications that lines keep

	mu      sync.RWMutex
	lines   map[string]*line
	handler pubsub.Handler // nil while Run does not run
	ctx     context.Context
	ran     bool
	wg      sync.WaitGroup // goroutines of lines; grows only while handler is set

	repairs, repaired, breaks atomic.Uint64
}

// New returns a dispatcher without channels.
func New(resume Resume) *Dispatcher {
	return &Dispatcher{resume: resume, closed: make(chan struct{}), lines: make(map[string]*line)}
}

// Add begins to hold what is offered for channel, until [Dispatcher.Start] says where to begin. It
// reports false when the channel is there already.
func (d *Dispatcher) Add(channel string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.lines[channel]; ok {
		return false
	}
	l := &line{channel: channel}
	if d.keepRecent {
		l.recent.all = &d.recent
	}
	d.lines[channel] = l
	return true
}

// Start has the channel deliver what follows position.
func (d *Dispatcher) Start(channel string, position pubsub.Position) {
	d.with(channel, func(l *line) {
		if !l.started {
			l.started, l.at = true, position
		}
	})
}

// Remove forgets the channel and what waits in it. It reports whether the channel was there.
func (d *Dispatcher) Remove(channel string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	l, ok := d.lines[channel]
	if ok {
		l.mu.Lock()
		l.removed, l.queue = true, nil
		l.recent.clear()
		l.mu.Unlock()
		delete(d.lines, channel)
	}
	return ok
}

// Has reports whether the channel was added.
func (d *Dispatcher) Has(channel string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.lines[channel] != nil
}

// Channels returns the channels that were added, in no order.
func (d *Dispatcher) Channels() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	channels := make([]string, 0, len(d.lines))
	for channel := range d.lines {
		channels = append(channels, channel)
	}
	return channels
}

// Publish offers a publication. For a channel that was not added it does nothing.
func (d *Dispatcher) Publish(channel string, publication pubsub.Publication) {
	d.with(channel, func(l *line) { l.offer(publication) })
}

// Presence offers a presence event; it is dropped when the channel's queue is full.
func (d *Dispatcher) Presence(channel string, event pubsub.PresenceEvent) {
	d.with(channel, func(l *line) { l.push(item{presence: &event}) })
}

// PresenceStats offers how many there are; it is dropped when the channel's queue is full.
func (d *Dispatcher) PresenceStats(channel string, stats pubsub.PresenceStats) {
	d.with(channel, func(l *line) { l.push(item{stats: &stats}) })
}

// Compare says where the channel's history ends. If something before that never arrived, it is
// fetched.
func (d *Dispatcher) Compare(channel string, top pubsub.Position) {
	d.with(channel, func(l *line) { l.compare(top) })
}

// with calls change with the channel's line and wakes the line if that gave it something to do.
func (d *Dispatcher) with(channel string, change func(*line)) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	l := d.lines[channel]
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
	d.wake(l)
}

// wake starts the line's goroutine if it has none and needs one. d.mu and l.mu are held.
func (d *Dispatcher) wake(l *line) {
	if d.handler == nil || l.running || !l.ready() {
		return
	}
	l.running = true
	ctx, handler := d.ctx, d.handler
	d.wg.Go(func() { d.drain(ctx, handler, l) })
}

// Repairs returns what was done so far about publications that did not arrive.
func (d *Dispatcher) Repairs() pubsub.Repairs {
	return pubsub.Repairs{Reads: d.repairs.Load(), Publications: d.repaired.Load(), Breaks: d.breaks.Load()}
}

// ErrRan is returned by a second Run.
var ErrRan = errors.New("run was called before")

// Run delivers to handler until ctx ends or Close is called, and returns when no call of the
// handler is left.
func (d *Dispatcher) Run(ctx context.Context, handler pubsub.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := d.attach(ctx, handler); err != nil {
		return err
	}
	d.wait(ctx)
	cancel()
	d.mu.Lock()
	d.handler = nil
	d.mu.Unlock()
	d.wg.Wait()
	return nil
}

// wait returns when ctx ends or the dispatcher is closed.
func (d *Dispatcher) wait(ctx context.Context) {
	tick := time.NewTicker(coldAfter)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.closed:
			return
		case <-tick.C:
			d.cool()
		}
	}
}

// Close ends Run without waiting for it. It is called once.
func (d *Dispatcher) Close() { close(d.closed) }

func (d *Dispatcher) attach(ctx context.Context, handler pubsub.Handler) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ran {
		return ErrRan
	}
	d.ran, d.ctx, d.handler = true, ctx, handler
	for _, l := range d.lines {
		l.mu.Lock()
		d.wake(l)
		l.mu.Unlock()
	}
	return nil
}

// drain delivers what waits in the line until nothing does.
func (d *Dispatcher) drain(ctx context.Context, handler pubsub.Handler, l *line) {
	for {
		next, ok := l.pop(ctx.Err() != nil)
		switch {
		case !ok:
			return
		case sabotaged(handler, l, next):
		case next.presence != nil:
			handler.HandlePresence(l.channel, *next.presence)
		case next.stats != nil:
			handler.HandlePresenceStats(l.channel, *next.stats)
		case next.behind:
			d.catchUp(ctx, handler, l)
		case next.publication.Position == (pubsub.Position{}):
			handler.HandlePublication(l.channel, next.publication)
		case follows(l.at, next.publication.Position):
			l.advance(next.publication)
			handler.HandlePublication(l.channel, next.publication)
		case next.again || !repeats(l.at, next.publication.Position):
			d.catchUp(ctx, handler, l)
		}
	}
}

// catchUp delivers everything between the line's position and the end of the channel's history.
// What waits in the queue meanwhile is either part of that, and then repeats, or follows it.
func (d *Dispatcher) catchUp(ctx context.Context, handler pubsub.Handler, l *line) {
	for !l.gone() {
		l.begin()
		history, err := d.read(ctx, l)
		if errors.Is(err, pubsub.ErrUnrecoverable) {
			l.jump(history.Position)
			d.breaks.Add(1)
			handler.HandleBreak(l.channel, history.Position)
			return
		}
		if err != nil {
			return // ctx ended
		}
		d.repairs.Add(1)
		d.repaired.Add(uint64(len(history.Publications)))
		for _, publication := range history.Publications {
			l.advance(publication)
			handler.HandlePublication(l.channel, publication)
		}
		if len(history.Publications) < pageSize {
			l.jump(history.Position) // the epoch of a channel that was empty
			return
		}
	}
}

// read tries until the broker answers or ctx ends.
func (d *Dispatcher) read(ctx context.Context, l *line) (pubsub.History, error) {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		history, err := d.resume(ctx, l.channel, l.at, pageSize)
		if err == nil || errors.Is(err, pubsub.ErrUnrecoverable) {
			return history, err
		}
		select {
		case <-ctx.Done():
			return pubsub.History{}, ctx.Err()
		case <-time.After(wait):
		}
	}
}
