package dev

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// maxHeld is how many requests wait for a process at once: a page's worth for many browsers.
	maxHeld = 256
	// holdTimeout is how long one waits: longer than an app may take to start.
	holdTimeout = startTimeout + grace
)

var errTooManyHeld = errors.New("too many requests wait for the app to start")

// gate stands between the public addresses and the process of the moment. It may be used from
// many goroutines.
type gate struct {
	held chan struct{}

	mu      sync.Mutex
	state   state
	changed chan struct{} // closed, and made anew, at each change of state
}

// state is what a page and a request need to know of an app. It does not change.
type state struct {
	// Generation names the process; pages of another one see whether they have changed. It is the time of its
	// start, so that a page also notices a new supervisor. Zero means that none has run.
	Generation int64 `json:"generation"`
	// Report is what is wrong just now, or nil.
	Report *report `json:"report"`

	process *process // nil while none serves
	holding bool     // one is about to
}

func newGate() *gate {
	return &gate{held: make(chan struct{}, maxHeld), changed: make(chan struct{}), state: state{holding: true}}
}

func (g *gate) update(change func(*state)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(&g.state)
	close(g.changed)
	g.changed = make(chan struct{})
}

// look returns the state, and a channel that is closed when it is no longer true.
func (g *gate) look() (state, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state, g.changed
}

// hold keeps requests waiting from now on.
func (g *gate) hold() { g.update(func(s *state) { s.process, s.holding = nil, true }) }

// open lets requests through to a process, and ends what was reported.
func (g *gate) open(p *process) {
	g.update(func(s *state) {
		*s = state{Generation: max(time.Now().UnixMilli(), s.Generation+1), process: p}
	})
}

// down answers requests with an error page from now on.
func (g *gate) down() { g.update(func(s *state) { s.process, s.holding = nil, false }) }

// fail shows a report. Where no process has come yet, requests wait no longer.
func (g *gate) fail(r *report) {
	g.update(func(s *state) {
		s.Report = r
		if s.Generation == 0 {
			s.holding = false
		}
	})
}

// enter returns the state once a process serves or none is about to.
func (g *gate) enter(ctx context.Context) (state, error) {
	s, changed := g.look()
	if !s.holding {
		return s, nil
	}
	select {
	case g.held <- struct{}{}:
		defer func() { <-g.held }()
	default:
		return s, errTooManyHeld
	}
	timeout := time.NewTimer(holdTimeout)
	defer timeout.Stop()
	for s.holding {
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-timeout.C:
			return s, errors.New("the app did not start in time")
		case <-changed:
			s, changed = g.look()
		}
	}
	return s, nil
}
