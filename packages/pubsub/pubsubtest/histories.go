package pubsubtest

import (
	"errors"
	"fmt"
	"time"

	"magpie.build/packages/pubsub"
)

var histories = []promise{
	{"history_of_nothing", "a channel that never had any answers a fresh epoch with offset 0, the same to every process, and its first publication is in it", func(s *suite) {
		a, b := s.open(), s.peer()
		empty := a.read("room", pubsub.HistoryOptions{Limit: -1})
		if empty.Position.Epoch == "" || empty.Position.Offset != 0 || len(empty.Publications) != 0 {
			s.Fatalf("got %+v", empty)
		}
		if got := b.read("room", pubsub.HistoryOptions{}).Position; got != empty.Position {
			s.Fatalf("another process says %v, not %v", got, empty.Position)
		}
		if got := b.keep("room", "x"); got.Epoch != empty.Position.Epoch || got.Offset != 1 {
			s.Fatalf("the first publication is at %v", got)
		}
		since := a.read("room", pubsub.HistoryOptions{Since: &empty.Position, Limit: -1})
		s.same("since nothing", texts(since.Publications), []string{"x"})
	}},
	{"recent_history_joins_what_is_delivered", "recent history since a position is all that came up to its own position, and what is later is delivered", func(s *suite) {
		a, b := s.open(), s.peer()
		b.subscribe("room")
		start := a.keep("room", "0")
		for n := range 300 {
			a.keep("room", fmt.Sprint(n+1))
			if n%10 != 0 {
				continue
			}
			for _, since := range []pubsub.Position{start, {Epoch: start.Epoch, Offset: start.Offset + uint64(n)/2}} {
				recent := b.read("room", pubsub.HistoryOptions{Since: &since, Limit: -1, Recent: true})
				s.same("recent", texts(recent.Publications), numbers(int(since.Offset), int(recent.Position.Offset)-1))
				if delivered := b.received("room"); uint64(len(delivered)) > recent.Position.Offset {
					last := b.read("room", pubsub.HistoryOptions{Since: &since, Limit: -1, Recent: true})
					if uint64(len(delivered)) > last.Position.Offset {
						s.Fatalf("history ends at %d when %d were delivered", last.Position.Offset, len(delivered))
					}
				}
			}
		}
		s.same("delivered", texts(b.receive("room", 301)), numbers(0, 300))
		gone := pubsub.Position{Epoch: "none", Offset: 1}
		for what, since := range map[string]pubsub.Position{"another epoch": gone, "the future": {Epoch: start.Epoch, Offset: 1000}} {
			_, err := b.History(s.Context(), "room", pubsub.HistoryOptions{Since: &since, Limit: -1, Recent: true})
			s.refused(what, err, pubsub.ErrUnrecoverable)
		}
		part := b.read("room", pubsub.HistoryOptions{Since: &start, Limit: 3, Recent: true})
		s.same("a part", texts(part.Publications), numbers(1, 3))
	}},
	{"history_parts", "since, limit and reverse choose the part of history that they say, and the position is always the newest", func(s *suite) {
		p := s.open()
		var top pubsub.Position
		for n := 1; n <= 8; n++ {
			top = p.publish("room", fmt.Sprint(n), pubsub.PublishOptions{HistorySize: 5})
		}
		at := func(offset uint64) *pubsub.Position { return &pubsub.Position{Epoch: top.Epoch, Offset: offset} }
		for _, c := range []struct {
			options pubsub.HistoryOptions
			want    []string
		}{
			{pubsub.HistoryOptions{}, nil},
			{pubsub.HistoryOptions{Limit: -1}, numbers(4, 8)},
			{pubsub.HistoryOptions{Limit: 2}, numbers(4, 5)},
			{pubsub.HistoryOptions{Limit: 100}, numbers(4, 8)},
			{pubsub.HistoryOptions{Limit: 2, Reverse: true}, []string{"8", "7"}},
			{pubsub.HistoryOptions{Since: at(3), Limit: -1}, numbers(4, 8)},
			{pubsub.HistoryOptions{Since: at(6), Limit: -1}, numbers(7, 8)},
			{pubsub.HistoryOptions{Since: at(6), Limit: 1}, numbers(7, 7)},
			{pubsub.HistoryOptions{Since: at(6)}, nil},
			{pubsub.HistoryOptions{Since: at(8), Limit: -1}, nil},
			{pubsub.HistoryOptions{Since: &pubsub.Position{Offset: 7}, Limit: -1}, numbers(8, 8)},
			{pubsub.HistoryOptions{Since: at(6), Limit: -1, Reverse: true}, []string{"5", "4"}},
			{pubsub.HistoryOptions{Since: at(6), Limit: 1, Reverse: true}, []string{"5"}},
			{pubsub.HistoryOptions{Since: at(4), Limit: -1, Reverse: true}, nil},
			{pubsub.HistoryOptions{Since: at(2), Limit: -1, Reverse: true}, nil},
			{pubsub.HistoryOptions{Since: at(100), Limit: 1, Reverse: true}, []string{"8"}},
		} {
			got := p.read("room", c.options)
			s.same(fmt.Sprintf("%+v", c.options), texts(got.Publications), c.want)
			if got.Position != top {
				s.Fatalf("%+v: position %v, want %v", c.options, got.Position, top)
			}
		}
	}},
	{"history_keeps_its_size", "a channel keeps as many publications as the last publish said, this one included", func(s *suite) {
		p := s.open()
		for n := 1; n <= 10; n++ {
			p.publish("room", fmt.Sprint(n), pubsub.PublishOptions{HistorySize: 6})
		}
		s.same("six", texts(p.read("room", pubsub.HistoryOptions{Limit: -1}).Publications), numbers(5, 10))
		p.publish("room", "11", pubsub.PublishOptions{HistorySize: 2})
		s.same("two", texts(p.read("room", pubsub.HistoryOptions{Limit: -1}).Publications), numbers(10, 11))
		p.publish("room", "12", pubsub.PublishOptions{HistorySize: 6})
		s.same("six again", texts(p.read("room", pubsub.HistoryOptions{Limit: -1}).Publications), numbers(10, 12))
	}},
	{"history_ends_after_its_ttl", "history ends its TTL after the last publication, but the position goes on", func(s *suite) {
		p := s.open()
		o := pubsub.PublishOptions{HistorySize: 10, HistoryTTL: 100 * time.Millisecond}
		p.publish("room", "x", pubsub.PublishOptions{HistorySize: 10})
		first := p.publish("room", "x", o)
		s.until("history to end", func() bool {
			return len(p.read("room", pubsub.HistoryOptions{Limit: -1}).Publications) == 0
		})
		if got := p.read("room", pubsub.HistoryOptions{Since: &first, Limit: -1}); got.Position != first {
			s.Fatalf("position %v became %v", first, got.Position)
		}
		next := p.publish("room", "y", pubsub.PublishOptions{HistorySize: 10})
		if next != (pubsub.Position{Epoch: first.Epoch, Offset: first.Offset + 1}) {
			s.Fatalf("after %v came %v", first, next)
		}
		s.same("history", texts(p.read("room", pubsub.HistoryOptions{Limit: -1}).Publications), []string{"y"})
	}},
	{"history_without_ttl_stays", "a publish without a TTL has the channel keep its history for ever", func(s *suite) {
		p := s.open()
		p.publish("room", "x", pubsub.PublishOptions{HistorySize: 10, HistoryTTL: 50 * time.Millisecond})
		p.publish("room", "y", pubsub.PublishOptions{HistorySize: 10})
		o := pubsub.PublishOptions{HistorySize: 1, HistoryTTL: 50 * time.Millisecond}
		p.publish("clock", "x", o)
		s.until("a TTL of the same length to end", func() bool {
			return len(p.read("clock", pubsub.HistoryOptions{Limit: -1}).Publications) == 0
		})
		got := texts(p.read("room", pubsub.HistoryOptions{Limit: -1}).Publications)
		if len(got) == 0 || got[len(got)-1] != "y" {
			s.Fatalf("it has %q", got)
		}
	}},
	{"unrecoverable_is_told", "a position of another epoch, older than what is kept, or newer than the newest cannot be continued, and the answer has the current position", func(s *suite) {
		p := s.open()
		var top pubsub.Position
		for n := 1; n <= 5; n++ {
			top = p.publish("room", fmt.Sprint(n), pubsub.PublishOptions{HistorySize: 2})
		}
		for _, since := range []pubsub.Position{
			{Epoch: "another", Offset: 5},
			{Epoch: "another", Offset: 0},
			{Epoch: top.Epoch, Offset: 2},
			{Epoch: top.Epoch, Offset: 0},
			{Offset: 0},
			{Epoch: top.Epoch, Offset: 6},
			{Epoch: top.Epoch, Offset: 1 << 60},
		} {
			got, err := p.History(s.Context(), "room", pubsub.HistoryOptions{Since: &since, Limit: -1})
			s.refused(fmt.Sprintf("since %v", since), err, pubsub.ErrUnrecoverable)
			if got.Position != top {
				s.Fatalf("since %v: position %v, want %v", since, got.Position, top)
			}
		}
		_, err := p.History(s.Context(), "room", pubsub.HistoryOptions{Since: &pubsub.Position{Epoch: "another", Offset: 3}, Limit: -1, Reverse: true})
		s.refused("reverse from another epoch", err, pubsub.ErrUnrecoverable)
	}},
	{"removed_history_is_gone", "removed history is gone for every process, whose positions before its end cannot be continued, and the position goes on without a break", func(s *suite) {
		a, b := s.open(), s.peer()
		b.subscribe("room")
		o := pubsub.PublishOptions{HistorySize: 10, IdempotencyKey: "third"}
		first := a.keep("room", "1")
		a.keep("room", "2")
		third := a.publish("room", "3", o)
		other := a.keep("other", "x")
		b.receive("room", 3)
		if err := a.RemoveHistory(s.Context(), "room"); err != nil {
			s.Fatalf("remove: %v", err)
		}
		for what, p := range map[string]*process{"who removed it": a, "another process": b} {
			gone := p.read("room", pubsub.HistoryOptions{Limit: -1})
			if len(gone.Publications) != 0 || gone.Position != third {
				s.Fatalf("%s reads %+v", what, gone)
			}
			_, err := p.History(s.Context(), "room", pubsub.HistoryOptions{Since: &first, Limit: -1})
			s.refused(what+" since the first", err, pubsub.ErrUnrecoverable)
			s.until(what+" to be refused recent history, too", func() bool {
				_, err := p.History(s.Context(), "room", pubsub.HistoryOptions{Since: &first, Limit: -1, Recent: true})
				return errors.Is(err, pubsub.ErrUnrecoverable)
			})
		}
		if again := a.publish("room", "3", o); again != third {
			s.Fatalf("a repeated publish is at %v and not at %v", again, third)
		}
		if next := a.keep("room", "4"); next != (pubsub.Position{Epoch: third.Epoch, Offset: 4}) {
			s.Fatalf("after %v came %v", third, next)
		}
		s.same("delivered", texts(b.receive("room", 4)), numbers(1, 4))
		for _, recent := range []bool{false, true} {
			since := b.read("room", pubsub.HistoryOptions{Since: &third, Limit: -1, Recent: recent})
			s.same("since the removal", texts(since.Publications), []string{"4"})
		}
		if n := len(b.breaksOf("room")); n != 0 {
			s.Fatalf("a subscriber was told of %d breaks", n)
		}
		if kept := a.read("other", pubsub.HistoryOptions{Limit: -1}); len(kept.Publications) != 1 || kept.Position != other {
			s.Fatalf("another channel has %+v", kept)
		}
	}},
	{"removing_nothing_is_no_error", "a channel without history may have it removed, and begins as any other", func(s *suite) {
		p := s.open()
		p.read("asked", pubsub.HistoryOptions{})
		for _, channel := range []string{"room", "asked"} {
			if err := p.RemoveHistory(s.Context(), channel); err != nil {
				s.Fatalf("remove: %v", err)
			}
			if first := p.keep(channel, "x"); first.Offset != 1 {
				s.Fatalf("the first publication of %q is at %v", channel, first)
			}
		}
	}},
	{"ended_history_is_told", "a position before the end of a history that its TTL ended cannot be continued", func(s *suite) {
		p := s.open()
		o := pubsub.PublishOptions{HistorySize: 10, HistoryTTL: 50 * time.Millisecond}
		first := p.publish("room", "x", o)
		p.publish("room", "y", o)
		s.until("history to end", func() bool {
			return len(p.read("room", pubsub.HistoryOptions{Limit: -1}).Publications) == 0
		})
		_, err := p.History(s.Context(), "room", pubsub.HistoryOptions{Since: &first, Limit: -1})
		s.refused("since the first", err, pubsub.ErrUnrecoverable)
	}},
}
