package pipeline

import (
	"errors"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/hash"
)

// A keeper stores what tasks made, once it has made sure that what they read is still what their keys say. Looking at
// everything again costs about as much as a run in which nothing changed, so it looks once for all tasks that have
// ended since, and no task waits for it. Safe for concurrent use.
type keeper struct {
	session *session
	closing chan struct{}
	idle    sync.WaitGroup

	mu      sync.Mutex
	waiting []product
	at      bool // it is at work
}

// A product is what a task made, or a part of it.
type product struct {
	what  string                   // for people
	key   hash.Key                 // before it was made
	again func() (hash.Key, error) // works the key out once more
	store func() error
}

func newKeeper(s *session) *keeper { return &keeper{session: s, closing: make(chan struct{})} }

// add takes over what a task made.
func (k *keeper) add(p product) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = append(k.waiting, p)
	if !k.at {
		k.at = true
		k.idle.Go(k.work)
	}
}

// close waits until everything is stored.
func (k *keeper) close() {
	close(k.closing)
	k.idle.Wait()
}

// rest is how much longer the keeper rests than it looked, while tasks come in fast: a quarter of a processor is enough.
const rest = 3

func (k *keeper) work() {
	for {
		batch := k.take()
		if len(batch) == 0 {
			return
		}
		started := time.Now()
		good := k.verify(batch)
		pause := time.NewTimer(rest * time.Since(started))
		k.store(good)
		select {
		case <-pause.C:
		case <-k.closing:
			pause.Stop()
		}
	}
}

func (k *keeper) take() []product {
	k.mu.Lock()
	defer k.mu.Unlock()
	batch := k.waiting
	k.waiting = nil
	k.at = len(batch) > 0
	return batch
}

// verify returns what may be stored: not where inputs have changed since the key was worked out, for nobody can tell which
// of the two states the outputs come from.
func (k *keeper) verify(batch []product) []product {
	s := k.session
	s.pipeline.forget()
	var good []product
	for _, p := range batch {
		if again, err := p.again(); err != nil || again != p.key {
			s.printer.Warn("%s is not cached: its inputs changed while it ran", p.what)
			continue
		}
		good = append(good, p)
	}
	return good
}

func (k *keeper) store(batch []product) {
	s := k.session
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range batch {
		group.Go(func() error {
			err := p.store()
			if errors.Is(err, cache.ErrChanged) {
				s.printer.Warn("%s is not cached: its outputs changed behind it", p.what)
			} else if err != nil {
				s.printer.Warn("%s is not cached: %v", p.what, err)
			}
			return nil
		})
	}
	_ = group.Wait() // no error comes back
}
