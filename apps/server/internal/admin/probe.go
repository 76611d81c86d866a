package admin

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"

	"magpie.build/packages/pubsub"
)

// Watcher is a broker that tells of a channel's publications.
type Watcher interface {
	pubsub.Broker
	Watch(ctx context.Context, channel string, watcher pubsub.Handler) error
}

// Probe sends a publication through the broker and waits until it is back: that a connection to the
// broker's server is open does not say as much. Safe for concurrent use.
type Probe struct {
	broker  Watcher
	channel string

	mu      sync.Mutex
	waiting map[string]chan struct{}
}

var (
	_ Prober         = (*Probe)(nil)
	_ pubsub.Handler = (*Probe)(nil)
)

// NewProbe returns a probe with a channel of its own.
func NewProbe(ctx context.Context, broker Watcher) (*Probe, error) {
	p := &Probe{broker: broker, channel: "$probe:" + rand.Text(), waiting: make(map[string]chan struct{})}
	if err := broker.Watch(ctx, p.channel, p); err != nil {
		return nil, fmt.Errorf("follow the probe channel: %w", err)
	}
	return p, nil
}

// Probe returns nil when a publication came through before ctx ended.
func (p *Probe) Probe(ctx context.Context) error {
	id, back := rand.Text(), make(chan struct{})
	p.mu.Lock()
	p.waiting[id] = back
	p.mu.Unlock()
	defer p.forget(id)

	if _, err := p.broker.Publish(ctx, p.channel, []byte(id), pubsub.PublishOptions{}); err != nil {
		return err
	}
	select {
	case <-back:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("a publication did not come back: %w", ctx.Err())
	}
}

// HandlePublication ends the wait for a probe.
func (p *Probe) HandlePublication(_ string, publication pubsub.Publication) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if back, ok := p.waiting[string(publication.Data)]; ok {
		close(back)
		delete(p.waiting, string(publication.Data))
	}
}

// HandlePresence has nothing to do: nobody enters the channel.
func (p *Probe) HandlePresence(string, pubsub.PresenceEvent) {}

// HandleBreak has nothing to do: the next probe is another.
func (p *Probe) HandleBreak(string, pubsub.Position) {}

func (p *Probe) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, id)
}
