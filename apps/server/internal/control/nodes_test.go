package control_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"magpie.build/apps/server/internal/control"
	"magpie.build/packages/pubsub/memory"
)

func TestServersAskEachOtherByName(t *testing.T) {
	below, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer below.Close()
	// Two servers' names over one broker in memory: it hands each channel to its own watcher.
	broker := control.New(below)
	asking, asked := control.NewNodes(broker), control.NewNodes(broker)
	for _, n := range []*control.Nodes{asking, asked} {
		if err := n.Start(t.Context(), func(q []byte) []byte { return append([]byte("you asked "), q...) }); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	go func() { ended <- broker.Run(ctx, make(heard)) }()
	go func() { ended <- asking.Run(ctx) }()
	go func() { ended <- asked.Run(ctx) }()

	answer, err := asking.Ask(t.Context(), asked.Self(), []byte("how are you"))
	if err != nil || string(answer) != "you asked how are you" {
		t.Errorf("the answer is %q, %v", answer, err)
	}

	short, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if _, err := asking.Ask(short, "AAAAAAAAAAAAAAAAAAAAAAAAAA", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that is not there: %v", err)
	}
	for _, name := range []string{"", "rooms", "AAAAAAAAAAAAAAAAAAAAAAAAAA\n", "../../probe:AAAAAAAAAAAAAAAA"} {
		if _, err := asking.Ask(t.Context(), name, nil); !errors.Is(err, control.ErrNoNode) {
			t.Errorf("the name %q: %v", name, err)
		}
	}
	cancel()
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
