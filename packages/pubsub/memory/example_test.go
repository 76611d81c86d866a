package memory_test

import (
	"context"
	"fmt"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// printer is a handler that prints what arrives, and counts it down.
type printer struct{ done chan struct{} }

func (p printer) HandlePublication(channel string, publication pubsub.Publication) {
	fmt.Printf("%s %d: %s\n", channel, publication.Position.Offset, publication.Data)
	p.done <- struct{}{}
}

func (printer) HandlePresence(string, pubsub.PresenceEvent) {}
func (printer) HandleBreak(string, pubsub.Position)         {}

// A broker delivers what is published to every channel that its process subscribed to.
func Example() {
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	handler := printer{done: make(chan struct{})}
	ended := make(chan error)
	go func() { ended <- broker.Run(ctx, handler) }()

	if err := broker.Subscribe(ctx, "lobby"); err != nil {
		fmt.Println(err)
	}
	for _, text := range []string{"hello", "anybody here?"} {
		if _, err := broker.Publish(ctx, "lobby", []byte(text), pubsub.PublishOptions{HistorySize: 100}); err != nil {
			fmt.Println(err)
		}
		<-handler.done
	}
	fmt.Println(broker.Close(), <-ended)
	// Output:
	// lobby 1: hello
	// lobby 2: anybody here?
	// <nil> <nil>
}

// Whoever was away asks history for what came after the last position that it saw.
func ExampleBroker_History() {
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer broker.Close() //nolint:errcheck // nothing is kept

	ctx := context.Background()
	keep := pubsub.PublishOptions{HistorySize: 100}
	seen, err := broker.Publish(ctx, "lobby", []byte("seen"), keep)
	if err != nil {
		fmt.Println(err)
	}
	if _, err := broker.Publish(ctx, "lobby", []byte("missed"), keep); err != nil {
		fmt.Println(err)
	}
	history, err := broker.History(ctx, "lobby", pubsub.HistoryOptions{Since: &seen, Limit: -1})
	for _, publication := range history.Publications {
		fmt.Println(string(publication.Data), err)
	}
	// Output: missed <nil>
}
