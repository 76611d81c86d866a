// Package control gives the servers of one deployment channels of their own over their broker: the
// list of rooms, the signing key, a probe. Clients never see them.
//
// A broker has one handler, which is the realtime hub. [Broker] stands between the two and hands the
// publications of a watched channel to its watcher instead.
package control

import (
	"context"
	"strings"
	"sync"

	"magpie.build/packages/pubsub"
)

// Prefix begins the name of every control channel, and of no other.
const Prefix = "$"

// Reserved is true for a channel that only servers may use.
func Reserved(channel string) bool { return strings.HasPrefix(channel, Prefix) }

// Broker is a broker whose control channels can be watched. Everything else passes through. Safe for
// concurrent use.
type Broker struct {
	pubsub.Broker

	mu       sync.RWMutex
	watchers map[string]pubsub.Handler
}

var _ pubsub.Broker = (*Broker)(nil)

// New returns a broker over another, which nobody else runs.
func New(broker pubsub.Broker) *Broker {
	return &Broker{Broker: broker, watchers: make(map[string]pubsub.Handler)}
}

// Watch subscribes this process to a control channel for as long as the broker lives. While the broker
// runs, the watcher hears of the channel under the promises of [pubsub.Handler].
func (b *Broker) Watch(ctx context.Context, channel string, watcher pubsub.Handler) error {
	b.mu.Lock()
	b.watchers[channel] = watcher
	b.mu.Unlock()
	return b.Subscribe(ctx, channel)
}

// Run runs the broker below, with handler for all channels that are not watched.
func (b *Broker) Run(ctx context.Context, handler pubsub.Handler) error {
	return b.Broker.Run(ctx, switchboard{b, handler})
}

func (b *Broker) watcher(channel string) (pubsub.Handler, bool) {
	if !Reserved(channel) {
		return nil, false
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	watcher, ok := b.watchers[channel]
	return watcher, ok
}

// switchboard connects each delivery with whom it is for.
type switchboard struct {
	broker *Broker
	others pubsub.Handler
}

func (s switchboard) of(channel string) pubsub.Handler {
	if watcher, ok := s.broker.watcher(channel); ok {
		return watcher
	}
	return s.others
}

func (s switchboard) HandlePublication(channel string, publication pubsub.Publication) {
	s.of(channel).HandlePublication(channel, publication)
}

func (s switchboard) HandlePresence(channel string, event pubsub.PresenceEvent) {
	s.of(channel).HandlePresence(channel, event)
}

func (s switchboard) HandlePresenceStats(channel string, stats pubsub.PresenceStats) {
	s.of(channel).HandlePresenceStats(channel, stats)
}

func (s switchboard) HandleBreak(channel string, position pubsub.Position) {
	s.of(channel).HandleBreak(channel, position)
}
