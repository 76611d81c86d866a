package pubsubtest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"magpie.build/packages/pubsub"
)

var publishing = []promise{
	{"positions_count_from_one", "offsets in a channel are 1, 2, 3 … inside one epoch, from whichever process", func(s *suite) {
		a, b := s.open(), s.peer()
		epoch := a.keep("room", "1").Epoch
		if epoch == "" {
			s.Fatalf("the epoch is empty")
		}
		for n := 2; n <= 10; n++ {
			from := a
			if n%2 == 0 {
				from = b
			}
			if got, want := from.keep("room", "x"), (pubsub.Position{Epoch: epoch, Offset: uint64(n)}); got != want {
				s.Fatalf("publish %d has position %v, want %v", n, got, want)
			}
		}
		if got := a.keep("other", "x"); got.Offset != 1 {
			s.Fatalf("another channel begins at %d", got.Offset)
		}
	}},
	{"ephemeral_has_no_position", "a publication without history has no position and leaves history as it was", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		before := p.keep("room", "kept")
		if got := p.publish("room", "ephemeral", pubsub.PublishOptions{}); got != (pubsub.Position{}) {
			s.Fatalf("it returned position %v", got)
		}
		if got := p.read("room", pubsub.HistoryOptions{Limit: -1}); got.Position != before || len(got.Publications) != 1 {
			s.Fatalf("history is %v at %v", texts(got.Publications), got.Position)
		}
		last := p.receive("room", 2)[1]
		if string(last.Data) != "ephemeral" || last.Position != (pubsub.Position{}) || !last.Time.IsZero() {
			s.Fatalf("delivered as %q at %v, %v", last.Data, last.Position, last.Time)
		}
	}},
	{"idempotency_key_publishes_once", "a second publish under the same idempotency key changes nothing and returns the first position", func(s *suite) {
		a, b := s.open(), s.peer()
		a.subscribe("room")
		o := pubsub.PublishOptions{HistorySize: 10, IdempotencyKey: "k"}
		first := a.publish("room", "once", o)
		if again := b.publish("room", "twice", o); again != first {
			s.Fatalf("the second returned %v, the first %v", again, first)
		}
		b.keep("room", "later")
		s.same("delivered", texts(a.receive("room", 2)), []string{"once", "later"})
		s.same("kept", texts(a.read("room", pubsub.HistoryOptions{Limit: -1}).Publications), []string{"once", "later"})
	}},
	{"idempotency_key_is_the_channels_own", "an idempotency key of one channel says nothing in another", func(s *suite) {
		p := s.open()
		o := pubsub.PublishOptions{HistorySize: 10, IdempotencyKey: "k"}
		p.publish("a", "x", o)
		p.publish("b", "y", o)
		if got := p.read("b", pubsub.HistoryOptions{Limit: -1}); len(got.Publications) != 1 {
			s.Fatalf("the other channel has %d publications", len(got.Publications))
		}
	}},
	{"idempotency_key_holds_under_concurrency", "publishes at the same time under one idempotency key are one publication", func(s *suite) {
		a, b := s.open(), s.peer()
		o := pubsub.PublishOptions{HistorySize: 100, IdempotencyKey: "k"}
		positions := make([]pubsub.Position, 32)
		var wg sync.WaitGroup
		for i := range positions {
			from := a
			if i%2 == 0 {
				from = b
			}
			wg.Go(func() {
				var err error
				if positions[i], err = from.Publish(s.Context(), "room", []byte("x"), o); err != nil {
					s.Errorf("publish: %v", err)
				}
			})
		}
		wg.Wait()
		for _, got := range positions {
			if got != positions[0] || got.Offset != 1 {
				s.Fatalf("positions differ: %v and %v", got, positions[0])
			}
		}
	}},
	{"idempotency_key_ends", "an idempotency key is forgotten after its TTL", func(s *suite) {
		p := s.open()
		o := pubsub.PublishOptions{HistorySize: 10, IdempotencyKey: "k", IdempotencyTTL: 50 * time.Millisecond}
		first := p.publish("room", "x", o)
		s.until("the key to end", func() bool { return p.publish("room", "x", o) != first })
	}},
	{"missing_replicas_are_told", "a publish that asks for more replicas than there are is published once, and either says so or had none to ask for", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		o := pubsub.PublishOptions{HistorySize: 10, IdempotencyKey: "k", Replicas: 100, ReplicaTimeout: 20 * time.Millisecond}
		var positions []pubsub.Position
		for range 2 {
			position, err := p.Publish(s.Context(), "room", []byte("x"), o)
			if err != nil {
				s.refused("publish", err, pubsub.ErrNotReplicated)
			}
			positions = append(positions, position)
		}
		if positions[0].Offset != 1 || positions[1] != positions[0] {
			s.Fatalf("positions are %v", positions)
		}
		p.keep("room", "y")
		s.same("delivered", texts(p.receive("room", 2)), []string{"x", "y"})
	}},
	{"data_arrives_unchanged", "every byte and every length up to MaxData arrives and is kept unchanged", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		every := make([]byte, 256)
		for i := range every {
			every[i] = byte(i)
		}
		large := bytes.Repeat([]byte("magpie\n\x00"), pubsub.MaxData/8)
		for i, data := range [][]byte{nil, {0}, []byte("\r\n"), every, large} {
			p.keep("room", string(data))
			if got := p.receive("room", i+1)[i]; !bytes.Equal(got.Data, data) {
				s.Fatalf("%d bytes arrived as %d others", len(data), len(got.Data))
			}
		}
		for i, got := range p.read("room", pubsub.HistoryOptions{Limit: -1}).Publications {
			if want := p.received("room")[i]; !bytes.Equal(got.Data, want.Data) || got.Position != want.Position || !got.Time.Equal(want.Time) {
				s.Fatalf("kept %d bytes at %v, %v; delivered %d at %v, %v", len(got.Data), got.Position, got.Time, len(want.Data), want.Position, want.Time)
			}
		}
	}},
	{"time_is_when_it_was_accepted", "a publication carries the time when the broker accepted it", func(s *suite) {
		p := s.open()
		before := time.Now().Add(-time.Second)
		p.keep("room", "x")
		got := p.read("room", pubsub.HistoryOptions{Limit: 1}).Publications[0].Time
		if got.Before(before) || got.After(time.Now().Add(time.Second)) {
			s.Fatalf("it says %v, now is %v", got, time.Now())
		}
	}},
	{"too_large_is_refused", "more than MaxData bytes are refused with ErrTooLarge, and nothing changes", func(s *suite) {
		p := s.open()
		for _, o := range []pubsub.PublishOptions{{}, {HistorySize: 1}} {
			_, err := p.Publish(s.Context(), "room", make([]byte, pubsub.MaxData+1), o)
			s.refused("publish", err, pubsub.ErrTooLarge)
		}
		s.refused("enter", p.Enter(s.Context(), "room", pubsub.Member{ID: "x", Data: make([]byte, pubsub.MaxData+1)}, pubsub.PresenceOptions{}), pubsub.ErrTooLarge)
		if got := p.read("room", pubsub.HistoryOptions{}).Position.Offset; got != 0 {
			s.Fatalf("history is at %d", got)
		}
	}},
	{"invalid_channel_is_refused", "a channel name that is empty, too long, not UTF-8 or has control characters is refused by every method", func(s *suite) {
		p, ctx := s.open(), s.Context()
		for _, channel := range []string{"", strings.Repeat("x", pubsub.MaxChannel+1), "\xff", "a\nb", "a\x00b"} {
			_, err := p.Publish(ctx, channel, nil, pubsub.PublishOptions{})
			s.refused("publish", err, pubsub.ErrInvalidChannel)
			_, err = p.History(ctx, channel, pubsub.HistoryOptions{})
			s.refused("history", err, pubsub.ErrInvalidChannel)
			s.refused("remove history", p.RemoveHistory(ctx, channel), pubsub.ErrInvalidChannel)
			_, err = p.Members(ctx, channel)
			s.refused("members", err, pubsub.ErrInvalidChannel)
			_, err = p.PresenceStats(ctx, channel)
			s.refused("presence stats", err, pubsub.ErrInvalidChannel)
			s.refused("subscribe", p.Subscribe(ctx, channel), pubsub.ErrInvalidChannel)
			s.refused("unsubscribe", p.Unsubscribe(ctx, channel), pubsub.ErrInvalidChannel)
			s.refused("enter", p.Enter(ctx, channel, pubsub.Member{ID: "x"}, pubsub.PresenceOptions{}), pubsub.ErrInvalidChannel)
			s.refused("leave", p.Leave(ctx, channel, "x"), pubsub.ErrInvalidChannel)
		}
	}},
	{"every_valid_channel_works", "a valid channel name works, whatever characters it has, and is a channel of its own", func(s *suite) {
		p := s.open()
		names := []string{"a", "a b", "{a}", "}{", "{", "}", "{}", "%7B", "%", "ä:ö", "日本語", "*", "a*", "[a]", strings.Repeat("x", pubsub.MaxChannel), strings.Repeat("{", pubsub.MaxChannel)}
		p.subscribe(names...)
		for i, name := range names {
			if got := p.keep(name, fmt.Sprint(i)); got.Offset != 1 {
				s.Fatalf("%q shares a history: its first offset is %d", name, got.Offset)
			}
		}
		for i, name := range names {
			s.same(name, texts(p.receive(name, 1)), numbers(i, i))
		}
	}},
	{"invalid_options_are_refused", "options outside their ranges are refused with ErrInvalidOptions, and nothing changes", func(s *suite) {
		p := s.open()
		for _, o := range []pubsub.PublishOptions{
			{HistorySize: -1},
			{HistorySize: pubsub.MaxHistorySize + 1},
			{HistorySize: 1, HistoryTTL: -1},
			{HistorySize: 1, HistoryTTL: time.Microsecond},
			{HistorySize: 1, IdempotencyKey: strings.Repeat("x", pubsub.MaxIdempotencyKey+1)},
			{HistorySize: 1, IdempotencyKey: "x", IdempotencyTTL: -1},
			{IdempotencyKey: "x"},
			{Replicas: 1},
			{HistorySize: 1, Replicas: -1},
			{HistorySize: 1, Replicas: 1, ReplicaTimeout: -1},
		} {
			_, err := p.Publish(s.Context(), "room", nil, o)
			s.refused(fmt.Sprintf("publish with %+v", o), err, pubsub.ErrInvalidOptions)
		}
		for _, id := range []string{"", strings.Repeat("x", pubsub.MaxMemberID+1)} {
			s.refused("enter", p.Enter(s.Context(), "room", pubsub.Member{ID: id}, pubsub.PresenceOptions{}), pubsub.ErrInvalidOptions)
		}
		s.refused("enter", p.Enter(s.Context(), "room", pubsub.Member{ID: "x"}, pubsub.PresenceOptions{MaxNamed: -1}), pubsub.ErrInvalidOptions)
		if got := p.read("room", pubsub.HistoryOptions{}).Position.Offset; got != 0 {
			s.Fatalf("history is at %d", got)
		}
	}},
	{"context_ends_calls", "a method called with a context that has ended returns its error", func(s *suite) {
		p := s.open()
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		for what, err := range calls(ctx, p) {
			s.refused(what, err, context.Canceled)
		}
	}},
}
