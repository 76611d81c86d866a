package pubsubtest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"magpie.build/packages/pubsub"
)

// Bench measures a broker: how long one caller waits for a publish, how many are acknowledged with 64
// callers at once, and how long until a handler has a publication.
func Bench(b *testing.B, open func(tb testing.TB) pubsub.Broker) {
	b.Helper()
	kept := pubsub.PublishOptions{HistorySize: 100}
	b.Run("publish", func(b *testing.B) { benchPublish(b, open(b), pubsub.PublishOptions{}) })
	b.Run("publish_kept", func(b *testing.B) { benchPublish(b, open(b), kept) })
	b.Run("publish_kept_64_callers", func(b *testing.B) { benchCallers(b, open(b), kept) })
	b.Run("publish_to_handler", func(b *testing.B) { benchDelivery(b, open(b), kept) })
	b.Run("history_of_100", func(b *testing.B) { benchHistory(b, open(b), kept) })
}

var chatMessage = make([]byte, 200)

func benchPublish(b *testing.B, broker pubsub.Broker, o pubsub.PublishOptions) {
	b.Helper()
	defer shut(b, broker)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := broker.Publish(b.Context(), "room", chatMessage, o); err != nil {
			b.Fatal(err)
		}
	}
}

func benchCallers(b *testing.B, broker pubsub.Broker, o pubsub.PublishOptions) {
	b.Helper()
	defer shut(b, broker)
	const callers = 64
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	for range callers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := broker.Publish(b.Context(), "room", chatMessage, o); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "publishes/s")
}

func benchDelivery(b *testing.B, broker pubsub.Broker, o pubsub.PublishOptions) {
	b.Helper()
	defer shut(b, broker)
	ctx, cancel := context.WithCancel(b.Context())
	h := arrival(make(chan struct{}))
	done := make(chan error, 1)
	go func() { done <- broker.Run(ctx, h) }()
	if err := broker.Subscribe(ctx, "room"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := broker.Publish(ctx, "room", chatMessage, o); err != nil {
			b.Fatal(err)
		}
		<-h
	}
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}

func benchHistory(b *testing.B, broker pubsub.Broker, o pubsub.PublishOptions) {
	b.Helper()
	defer shut(b, broker)
	for range o.HistorySize {
		if _, err := broker.Publish(b.Context(), "room", chatMessage, o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := broker.History(b.Context(), "room", pubsub.HistoryOptions{Limit: -1}); err != nil {
			b.Fatal(err)
		}
	}
}

func shut(b *testing.B, broker pubsub.Broker) {
	b.Helper()
	if err := broker.Close(); err != nil {
		b.Error(err)
	}
}

// arrival is a handler that hands on that something came.
type arrival chan struct{}

// HandlePublication implements [pubsub.Handler].
func (a arrival) HandlePublication(string, pubsub.Publication) { a <- struct{}{} }

// HandlePresence implements [pubsub.Handler].
func (arrival) HandlePresence(string, pubsub.PresenceEvent) {}

// HandlePresenceStats implements [pubsub.Handler].
func (arrival) HandlePresenceStats(string, pubsub.PresenceStats) {}

// HandleBreak implements [pubsub.Handler].
func (arrival) HandleBreak(string, pubsub.Position) {}
