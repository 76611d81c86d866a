package pubsubtest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"magpie.build/packages/pubsub"
)

var endings = []promise{
	{"run_ends_with_its_context", "Run returns nil when its context ends, and calls the handler no more", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		p.keep("room", "1")
		p.receive("room", 1)
		p.stop()
		p.keep("room", "2")
		s.same("delivered", texts(p.received("room")), numbers(1, 1))
	}},
	{"run_ends_with_close", "Run returns nil when the broker is closed", func(s *suite) {
		b := s.fixture.Open(s)
		r := newRecorder()
		done := make(chan error, 1)
		go func() { done <- b.Run(s.Context(), r) }()
		p := &process{Broker: b, recorder: r, suite: s}
		p.subscribe("room")
		p.keep("room", "1")
		p.receive("room", 1)
		if err := b.Close(); err != nil {
			s.Fatalf("close: %v", err)
		}
		select {
		case err := <-done:
			if err != nil {
				s.Fatalf("run returned %v", err)
			}
		case <-time.After(patience):
			s.Fatalf("run did not return")
		}
	}},
	{"run_is_called_once", "a second Run returns an error", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		p.keep("room", "1")
		p.receive("room", 1)
		if err := p.Run(s.Context(), newRecorder()); err == nil || errors.Is(err, pubsub.ErrClosed) {
			s.Fatalf("it returned %v", err)
		}
	}},
	{"closed_says_so", "every method of a closed broker returns ErrClosed; closing twice is as once", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		p.keep("room", "1")
		p.receive("room", 1) // so Run has begun
		for range 2 {
			if err := p.Close(); err != nil {
				s.Fatalf("close: %v", err)
			}
		}
		for what, err := range calls(s.Context(), p) {
			s.refused(what, err, pubsub.ErrClosed)
		}
		s.refused("run", p.Run(s.Context(), newRecorder()), pubsub.ErrClosed)
	}},
	{"close_amid_everything", "a close amid calls of every method ends each with an answer", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					for what, err := range calls(s.Context(), p) {
						if errors.Is(err, pubsub.ErrClosed) {
							return
						}
						if err != nil {
							s.Errorf("%s: %v", what, err)
							return
						}
					}
				}
			})
		}
		p.receive("room", 10)
		if err := p.Close(); err != nil {
			s.Errorf("close: %v", err)
		}
		wg.Wait()
	}},
}

// calls tries every method but Run and Close and yields its error.
func calls(ctx context.Context, b pubsub.Broker) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		_, publish := b.Publish(ctx, "room", []byte("x"), pubsub.PublishOptions{})
		_, keep := b.Publish(ctx, "room", []byte("x"), pubsub.PublishOptions{HistorySize: 10})
		_, history := b.History(ctx, "room", pubsub.HistoryOptions{Limit: 1})
		remove := b.RemoveHistory(ctx, "history-that-nobody-has")
		_, members := b.Members(ctx, "room")
		_, stats := b.PresenceStats(ctx, "room")
		_ = yield("publish", publish) &&
			yield("publish with history", keep) &&
			yield("history", history) &&
			yield("remove history", remove) &&
			yield("members", members) &&
			yield("presence stats", stats) &&
			yield("subscribe", b.Subscribe(ctx, "room")) &&
			yield("enter", b.Enter(ctx, "room", pubsub.Member{ID: "ada"}, pubsub.PresenceOptions{})) &&
			yield("leave", b.Leave(ctx, "room", "ada")) &&
			yield("unsubscribe", b.Unsubscribe(ctx, "room-that-nobody-has"))
	}
}
