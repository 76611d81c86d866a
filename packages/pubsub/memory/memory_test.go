package memory_test

import (
	"context"
	"testing"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

type handler struct{ got chan pubsub.Publication }

func (h handler) HandlePublication(_ string, p pubsub.Publication)  { h.got <- p }
func (h handler) HandlePresence(string, pubsub.PresenceEvent)       {}
func (h handler) HandleBreak(string, pubsub.Position)               {}

func TestPublishIsDeliveredInOrder(t *testing.T) {
	b, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := handler{make(chan pubsub.Publication)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.Run(ctx, h) }()
	if err := b.Subscribe(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		if _, err := b.Publish(ctx, "a", []byte("x"), pubsub.PublishOptions{HistorySize: 5000}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2000 {
		if p := <-h.got; p.Position.Offset != uint64(i+1) {
			t.Fatal(p, i)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
