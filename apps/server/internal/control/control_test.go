package control_test

import (
	"context"
	"testing"

	"magpie.build/apps/server/internal/control"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// heard collects what a handler is told.
type heard chan string

func (h heard) HandlePublication(channel string, p pubsub.Publication) {
	h <- channel + " " + string(p.Data)
}
func (h heard) HandlePresence(string, pubsub.PresenceEvent)      {}
func (h heard) HandlePresenceStats(string, pubsub.PresenceStats) {}
func (h heard) HandleBreak(string, pubsub.Position)              {}

func TestWatchedChannelsGoToTheirWatcherAndAllOthersToTheHandler(t *testing.T) {
	below, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer below.Close()
	broker := control.New(below)
	watcher, handler := make(heard, 1), make(heard, 1)
	if err := broker.Watch(t.Context(), "$news", watcher); err != nil {
		t.Fatal(err)
	}
	if err := broker.Subscribe(t.Context(), "open"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- broker.Run(ctx, handler) }()

	for _, channel := range []string{"$news", "open"} {
		if _, err := broker.Publish(t.Context(), channel, []byte("hi"), pubsub.PublishOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-watcher; got != "$news hi" {
		t.Errorf("the watcher heard %q", got)
	}
	if got := <-handler; got != "open hi" {
		t.Errorf("the handler heard %q", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
