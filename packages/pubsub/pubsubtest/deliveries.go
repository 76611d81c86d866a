package pubsubtest

import (
	"fmt"
	"sync"

	"magpie.build/packages/pubsub"
)

var deliveries = []promise{
	{"subscribers_receive", "every process that subscribed receives what is published after Subscribe returned, the publisher's own included", func(s *suite) {
		a, b := s.open(), s.peer()
		a.keep("room", "before")
		a.subscribe("room")
		b.subscribe("room")
		a.keep("room", "1")
		b.publish("room", "2", pubsub.PublishOptions{})
		s.same("one process", texts(a.receive("room", 2)), numbers(1, 2))
		s.same("another", texts(b.receive("room", 2)), numbers(1, 2))
	}},
	{"subscribe_before_run", "what is published between Subscribe and Run is delivered when Run begins", func(s *suite) {
		b := s.fixture.Open(s)
		if err := b.Subscribe(s.Context(), "room"); err != nil {
			s.Fatalf("subscribe: %v", err)
		}
		if _, err := b.Publish(s.Context(), "room", []byte("1"), pubsub.PublishOptions{HistorySize: 1}); err != nil {
			s.Fatalf("publish: %v", err)
		}
		p := s.run(b, newRecorder())
		s.same("delivered", texts(p.receive("room", 1)), numbers(1, 1))
	}},
	{"subscribing_twice_is_as_once", "subscribing twice is as once: nothing arrives twice, and one Unsubscribe ends it", func(s *suite) {
		p := s.open()
		p.subscribe("room", "room", "other")
		p.keep("room", "1")
		p.keep("room", "2")
		s.same("delivered", texts(p.receive("room", 2)), numbers(1, 2))
		for range 2 {
			if err := p.Unsubscribe(s.Context(), "room"); err != nil {
				s.Fatalf("unsubscribe: %v", err)
			}
		}
		p.keep("room", "3")
		p.keep("other", "x")
		p.receive("other", 1)
		s.same("delivered", texts(p.received("room")), numbers(1, 2))
		p.subscribe("room")
		p.keep("room", "4")
		s.same("delivered", texts(p.receive("room", 3)), []string{"1", "2", "4"})
	}},
	{"order_is_that_of_positions", "a handler sees the publications of a channel in the order of their positions, none twice and none left out, whoever publishes", func(s *suite) {
		const publishers, each = 8, 60
		a, b := s.open(), s.peer()
		a.subscribe("room")
		b.subscribe("room")
		var wg sync.WaitGroup
		for n := range publishers {
			from := a
			if n%2 == 0 {
				from = b
			}
			wg.Go(func() {
				for range each {
					if _, err := from.Publish(s.Context(), "room", []byte("x"), pubsub.PublishOptions{HistorySize: 1000}); err != nil {
						s.Errorf("publish: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		for _, p := range []*process{a, b} {
			for i, got := range p.receive("room", publishers*each) {
				if got.Position.Offset != uint64(i+1) {
					s.Fatalf("delivery %d has offset %d", i+1, got.Position.Offset)
				}
			}
		}
	}},
	{"one_publisher_keeps_its_order", "what one caller publishes to a channel one after another arrives in that order, with and without history", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		for n := range 100 {
			p.publish("room", fmt.Sprint(n), pubsub.PublishOptions{HistorySize: n % 2 * 100})
		}
		s.same("delivered", texts(p.receive("room", 100)), numbers(0, 99))
	}},
	{"slow_handler_delays_its_channel_alone", "a handler that is slow for one channel delays no other, and no publish", func(s *suite) {
		p := s.open()
		p.block("slow")
		var quick []string
		for n := range 64 {
			quick = append(quick, fmt.Sprintf("quick-%d", n))
		}
		p.subscribe("slow")
		p.subscribe(quick...)
		p.keep("slow", "1")
		p.keep("slow", "2")
		for _, channel := range quick {
			p.keep(channel, "1")
			p.receive(channel, 1)
		}
		if got := len(p.received("slow")); got != 0 {
			s.Fatalf("the slow channel had %d publications", got)
		}
		p.release()
		s.same("delivered", texts(p.receive("slow", 2)), numbers(1, 2))
	}},
	{"full_queue_is_repaired", "what a full queue passed over is read from history: in order, none twice and none left out", func(s *suite) {
		const count = 1500
		p := s.open()
		p.block("room")
		p.subscribe("room")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range count / 4 {
					if _, err := p.Publish(s.Context(), "room", []byte("x"), pubsub.PublishOptions{HistorySize: count}); err != nil {
						s.Errorf("publish: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		p.release()
		for i, got := range p.receive("room", count) {
			if got.Position.Offset != uint64(i+1) {
				s.Fatalf("delivery %d has offset %d", i+1, got.Position.Offset)
			}
		}
		p.keep("room", "last")
		if got := p.receive("room", count+1)[count]; string(got.Data) != "last" {
			s.Fatalf("after the repair came %q", got.Data)
		}
	}},
	{"lost_range_is_a_break", "when what a full queue passed over is no longer kept, the handler is told of a break, and what comes then follows it", func(s *suite) {
		const count = 1500
		p := s.open()
		p.block("room")
		p.subscribe("room")
		var top pubsub.Position
		for n := range count {
			top = p.publish("room", fmt.Sprint(n), pubsub.PublishOptions{HistorySize: 10})
		}
		p.release()
		if got := p.broken("room"); got != top {
			s.Fatalf("the break is at %v, history ends at %v", got, top)
		}
		seen := len(p.received("room"))
		p.publish("room", "after", pubsub.PublishOptions{HistorySize: 10})
		all := p.receive("room", seen+1)
		if got := all[seen].Position.Offset; got != top.Offset+1 {
			s.Fatalf("after the break at %d came %d", top.Offset, got)
		}
		for i, got := range all[:seen] {
			if got.Position.Offset != uint64(i+1) {
				s.Fatalf("before the break delivery %d had offset %d", i+1, got.Position.Offset)
			}
		}
	}},
}
