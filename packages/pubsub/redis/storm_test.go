//go:build unix

package redis_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

// discard is a handler of nothing.
type discard struct{}

func (discard) HandlePublication(string, pubsub.Publication)     {}
func (discard) HandlePresence(string, pubsub.PresenceEvent)      {}
func (discard) HandlePresenceStats(string, pubsub.PresenceStats) {}
func (discard) HandleBreak(string, pubsub.Position)              {}

// TestStormOfReturningClientsCostsOneReadAChannelAndServer has the clients of a server that was killed
// come back to two others, one of which knew their channels and one of which did not.
func TestStormOfReturningClientsCostsOneReadAChannelAndServer(t *testing.T) {
	t.Parallel()
	const channels, clients, missed = 20, 1000, 100
	server := redistest.Start(t, redistest.Options{})
	knows, _ := watch(t, redis.Options{URL: server.URL()})
	other, _ := watch(t, redis.Options{URL: server.URL()})
	join := func(b *redis.Broker) {
		for c := range channels {
			if err := b.Subscribe(t.Context(), fmt.Sprint(c)); err != nil {
				t.Fatal(err)
			}
		}
	}
	join(knows)
	last := make(map[string]pubsub.Position)
	for n := range missed + 1 {
		for c := range channels {
			channel := fmt.Sprint(c)
			last[channel] = insist(t, knows, channel, fmt.Sprint(n))
		}
	}
	join(other)
	before := server.Calls("xrange")
	var wg sync.WaitGroup
	for range clients {
		for _, b := range []*redis.Broker{knows, other} {
			wg.Go(func() {
				channel := fmt.Sprint(rand.IntN(channels))
				position := last[channel]
				since := pubsub.Position{Epoch: position.Epoch, Offset: 1 + rand.Uint64N(missed)}
				history, err := b.History(t.Context(), channel, pubsub.HistoryOptions{Since: &since, Limit: -1, Recent: true})
				if err != nil || since.Offset+uint64(len(history.Publications)) != history.Position.Offset || history.Position != position {
					t.Errorf("since %v: %d publications up to %v, %v", since, len(history.Publications), history.Position, err)
				}
			})
		}
	}
	wg.Wait()
	reads := server.Calls("xrange") - before
	t.Logf("%d clients came back to each of two servers, to %d channels: %d reads", clients, channels, reads)
	if reads > 2*channels {
		t.Errorf("%d reads for %d channels on two servers", reads, channels)
	}
}

// BenchmarkReturn is one client that comes back to a channel and missed 100 publications.
func BenchmarkReturn(b *testing.B) {
	server := redistest.Start(b, redistest.Options{})
	broker := open(b, redis.Options{URL: server.URL()})
	done := make(chan error, 1)
	go func() { done <- broker.Run(b.Context(), discard{}) }()
	if err := broker.Subscribe(b.Context(), "a"); err != nil {
		b.Fatal(err)
	}
	var last pubsub.Position
	for range 200 {
		var err error
		if last, err = broker.Publish(b.Context(), "a", make([]byte, 200), pubsub.PublishOptions{HistorySize: 200}); err != nil {
			b.Fatal(err)
		}
	}
	for _, recent := range []bool{false, true} {
		b.Run(fmt.Sprintf("recent_%v", recent), func(b *testing.B) {
			b.ReportAllocs()
			since := pubsub.Position{Epoch: last.Epoch, Offset: last.Offset - 100}
			for b.Loop() {
				if _, err := broker.History(b.Context(), "a", pubsub.HistoryOptions{Since: &since, Limit: -1, Recent: recent}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	if err := broker.Close(); err != nil {
		b.Fatal(err)
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
