package memory_test

import (
	"context"
	"fmt"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// inbox is a handler that hands over what arrives.
type inbox chan string

func (in inbox) HandlePublication(channel string, p pubsub.Publication) {
	in <- fmt.Sprintf("%s %d: %s", channel, p.Position.Offset, p.Data)
}

func (inbox) HandlePresence(string, pubsub.PresenceEvent)      {}
func (inbox) HandlePresenceStats(string, pubsub.PresenceStats) {}
func (inbox) HandleBreak(string, pubsub.Position)              {}

// A broker delivers what is published to every channel that its process subscribed to.
func Example() {
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	arrived := make(inbox)
	ended := make(chan error)
	go func() { ended <- broker.Run(ctx, arrived) }()

	if err := broker.Subscribe(ctx, "lobby"); err != nil {
		fmt.Println(err)
	}
	for _, text := range []string{"hello", "anybody here?"} {
		if _, err := broker.Publish(ctx, "lobby", []byte(text), pubsub.PublishOptions{HistorySize: 100}); err != nil {
			fmt.Println(err)
		}
		fmt.Println(<-arrived)
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
