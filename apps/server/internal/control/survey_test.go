package control_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie.build/apps/server/internal/control"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

func TestAllServersAreAskedAndWhoDoesNotAnswerIsNamed(t *testing.T) {
	below, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer below.Close()
	broker := control.New(below)
	one, two := control.NewNodes(broker), control.NewNodes(broker)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = broker.Run(ctx, make(heard)) })
	for name, n := range map[string]*control.Nodes{"one": one, "two": two} {
		n.Offer("greeting", func(_ context.Context, q []byte) []byte { return []byte(name + " heard " + string(q)) })
		if err := n.Start(t.Context(), func([]byte) []byte { return nil }); err != nil {
			t.Fatal(err)
		}
		running.Go(func() { _ = n.Run(ctx) })
	}
	survey, err := one.AskAll(t.Context(), "greeting", []byte("hello"))
	if err != nil || len(survey.Missing) > 0 || string(survey.Answers[one.Self()]) != "one heard hello" || string(survey.Answers[two.Self()]) != "two heard hello" {
		t.Errorf("got %+v, %v", survey, err)
	}

	// A member that is not there any more, and a topic that nobody knows.
	if err := below.Enter(t.Context(), "$nodes", pubsub.Member{ID: "gone"}, pubsub.PresenceOptions{}); err != nil {
		t.Fatal(err)
	}
	short, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if survey, err = one.AskAll(short, "greeting", nil); err != nil || len(survey.Answers) != 2 || strings.Join(survey.Missing, " ") != "gone" {
		t.Errorf("got %+v, %v", survey, err)
	}
	short, stop = context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if survey, err = one.AskAll(short, "weather", nil); err != nil || len(survey.Missing) != 3 {
		t.Errorf("got %+v, %v", survey, err)
	}
	cancel()
	running.Wait()
	if members, err := below.Members(t.Context(), "$nodes"); err != nil || len(members) != 1 {
		t.Errorf("who ended is still a member: %v, %v", members, err)
	}
}
