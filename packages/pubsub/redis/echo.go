package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"magpie.build/packages/pubsub"
)

// echoEvery is how long an echo may take before it is sent again: a subscription that is just being
// renewed does not hear the first.
const echoEvery = 250 * time.Millisecond

// echoes are messages of this process to itself that somebody waits for.
type echoes struct {
	mu      sync.Mutex
	waiting map[string]chan struct{}
}

// expect returns a new message, a channel that is closed when it was heard, and what ends the wait.
func (e *echoes) expect() (message string, heard <-chan struct{}, forget func()) {
	message, back := rand.Text(), make(chan struct{})
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting == nil {
		e.waiting = make(map[string]chan struct{})
	}
	e.waiting[message] = back
	return message, back, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.waiting, message)
	}
}

// heard ends the wait for a message; nobody may wait for it.
func (e *echoes) heard(message string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if back, ok := e.waiting[message]; ok {
		close(back)
		delete(e.waiting, message)
	}
}

func (r *receiver) echo(ctx context.Context) error {
	message, heard, forget := r.echoes.expect()
	defer forget()
	again := time.NewTicker(echoEvery)
	defer again.Stop()
	for taken := false; ; {
		r.wake()
		var err error
		if feed := r.probes.Load(); feed != nil {
			err = r.broker.send(ctx, *feed, message)
			taken = taken || err == nil
		}
		select {
		case <-heard:
			return nil
		case <-r.ended:
			return pubsub.ErrClosed
		case <-ctx.Done():
			if taken {
				return fmt.Errorf("%w: redis at %s took a publication and did not deliver it", pubsub.ErrUnavailable, r.name())
			}
			return fmt.Errorf("%w: redis at %s takes no subscription or publication", pubsub.ErrUnavailable, r.name())
		case <-again.C:
		}
	}
}
