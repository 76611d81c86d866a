package pubsubtest

import (
	"slices"
	"sync"
	"time"

	"magpie.build/packages/pubsub"
)

// recorder is a handler that remembers, and that can be made slow.
type recorder struct {
	mu           sync.Mutex
	publications map[string][]pubsub.Publication
	presence     map[string][]pubsub.PresenceEvent
	stats        map[string][]pubsub.PresenceStats
	breaks       map[string][]pubsub.Position
	gates        map[string]chan struct{}
	changed      chan struct{} // closed and replaced at each change
}

func newRecorder() *recorder {
	return &recorder{
		publications: make(map[string][]pubsub.Publication),
		presence:     make(map[string][]pubsub.PresenceEvent),
		stats:        make(map[string][]pubsub.PresenceStats),
		breaks:       make(map[string][]pubsub.Position),
		gates:        make(map[string]chan struct{}),
		changed:      make(chan struct{}),
	}
}

// HandlePublication implements [pubsub.Handler].
func (r *recorder) HandlePublication(channel string, publication pubsub.Publication) {
	r.pass(channel)
	r.change(func() { r.publications[channel] = append(r.publications[channel], publication) })
}

// HandlePresence implements [pubsub.Handler].
func (r *recorder) HandlePresence(channel string, event pubsub.PresenceEvent) {
	r.change(func() { r.presence[channel] = append(r.presence[channel], event) })
}

// HandlePresenceStats implements [pubsub.Handler].
func (r *recorder) HandlePresenceStats(channel string, stats pubsub.PresenceStats) {
	r.change(func() { r.stats[channel] = append(r.stats[channel], stats) })
}

// HandleBreak implements [pubsub.Handler].
func (r *recorder) HandleBreak(channel string, position pubsub.Position) {
	r.change(func() { r.breaks[channel] = append(r.breaks[channel], position) })
}

func (r *recorder) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

// block makes the handler of a channel's publications wait until release.
func (r *recorder) block(channel string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gates[channel] = make(chan struct{})
}

// release lets every handler go on.
func (r *recorder) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for channel, gate := range r.gates {
		close(gate)
		delete(r.gates, channel)
	}
}

func (r *recorder) pass(channel string) {
	r.mu.Lock()
	gate := r.gates[channel]
	r.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

// received returns the channel's publications so far.
func (r *recorder) received(channel string) []pubsub.Publication {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.publications[channel])
}

// receive waits until the channel had at least count publications, and returns all of them.
func (p *process) receive(channel string, count int) []pubsub.Publication {
	p.suite.Helper()
	p.await(func() bool { return len(p.publications[channel]) >= count }, func() {
		p.suite.Fatalf("%q had %d publications of %d after %v", channel, len(p.received(channel)), count, patience)
	})
	return p.received(channel)
}

// events waits until the channel had at least count presence events, and returns them as "+id" and
// "-id".
func (p *process) events(channel string, count int) []string {
	p.suite.Helper()
	p.await(func() bool { return len(p.presence[channel]) >= count }, func() {
		p.suite.Fatalf("%q had %v of %d presence events after %v", channel, p.heard(channel), count, patience)
	})
	return p.heard(channel)
}

func (r *recorder) heard(channel string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, event := range r.presence[channel] {
		sign := "+"
		if event.Left {
			sign = "-"
		}
		all = append(all, sign+event.Member.ID)
	}
	return all
}

// broken waits for the channel's first break.
func (p *process) broken(channel string) pubsub.Position {
	p.suite.Helper()
	p.await(func() bool { return len(p.breaks[channel]) > 0 }, func() {
		p.suite.Fatalf("no break of %q after %v", channel, patience)
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.breaks[channel][0]
}

// breaksOf returns the channel's breaks so far.
func (r *recorder) breaksOf(channel string) []pubsub.Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.breaks[channel])
}

// await waits until ok, which is called with r.mu held, or calls late.
func (r *recorder) await(ok func() bool, late func()) {
	deadline := time.After(patience)
	for {
		r.mu.Lock()
		done, changed := ok(), r.changed
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			late()
			return
		}
	}
}
