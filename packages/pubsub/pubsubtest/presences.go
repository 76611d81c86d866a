package pubsubtest

import (
	"slices"
	"time"

	"magpie.build/packages/pubsub"
)

var presences = []promise{
	{"members_are_everybodys", "Members returns who entered through any process, ordered by id, with their data", func(s *suite) {
		a, b := s.open(), s.peer()
		a.enter("room", "bea", "Bea")
		b.enter("room", "ada", "Ada")
		b.enter("other", "cem", "Cem")
		for _, p := range []*process{a, b} {
			s.same("members", p.members("room"), []string{"ada", "bea"})
		}
		members, err := a.Members(s.Context(), "room")
		if err != nil || string(members[0].Data) != "Ada" || string(members[1].Data) != "Bea" {
			s.Fatalf("members are %q, %v", members, err)
		}
		s.same("members of nothing", a.members("nobody"), nil)
	}},
	{"entering_and_leaving_is_heard", "every process subscribed to a channel hears who enters and who leaves it", func(s *suite) {
		a, b := s.open(), s.peer()
		a.subscribe("room")
		b.subscribe("room")
		a.enter("room", "ada", "Ada")
		if err := a.Leave(s.Context(), "room", "ada"); err != nil {
			s.Fatalf("leave: %v", err)
		}
		b.enter("room", "bea", "")
		for _, p := range []*process{a, b} {
			s.same("heard", p.events("room", 3), []string{"+ada", "-ada", "+bea"})
			if got := string(p.presence["room"][0].Member.Data); got != "Ada" {
				s.Fatalf("who entered has data %q", got)
			}
		}
		s.same("members", b.members("room"), []string{"bea"})
	}},
	{"entering_again_replaces", "entering again replaces the member's data and is not heard; leaving twice is as once", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		p.enter("room", "ada", "one")
		p.enter("room", "ada", "two")
		members, err := p.Members(s.Context(), "room")
		if err != nil || len(members) != 1 || string(members[0].Data) != "two" {
			s.Fatalf("members are %q, %v", members, err)
		}
		for range 2 {
			if err := p.Leave(s.Context(), "room", "ada"); err != nil {
				s.Fatalf("leave: %v", err)
			}
		}
		p.enter("room", "bea", "")
		s.same("heard", p.events("room", 3), []string{"+ada", "-ada", "+bea"})
	}},
	{"closing_leaves", "members that a process entered leave when its broker is closed", func(s *suite) {
		if s.fixture.Peer == nil {
			p := s.open()
			p.enter("room", "ada", "")
			return // with the only process gone nobody is left to hear of it
		}
		a := s.open()
		a.subscribe("room")
		b := s.fixture.Peer(s)
		if err := b.Enter(s.Context(), "room", pubsub.Member{ID: "ada"}, pubsub.PresenceOptions{}); err != nil {
			s.Fatalf("enter: %v", err)
		}
		a.events("room", 1)
		if err := b.Close(); err != nil {
			s.Fatalf("close: %v", err)
		}
		s.same("members", a.members("room"), nil)
		s.same("heard", a.events("room", 2), []string{"+ada", "-ada"})
	}},
	{"killed_process_leaves", "who entered through a process that was killed has left within 5 seconds, and every survivor hears it exactly once", func(s *suite) {
		if s.fixture.Doomed == nil {
			return // nobody survives the only process
		}
		a, b := s.open(), s.peer()
		a.subscribe("room", "other")
		b.subscribe("room", "other")
		doomed, kill := s.fixture.Doomed(s)
		s.Cleanup(func() { _ = doomed.Close() })
		for _, channel := range []string{"room", "other"} {
			if err := doomed.Enter(s.Context(), channel, pubsub.Member{ID: "ada"}, pubsub.PresenceOptions{}); err != nil {
				s.Fatalf("enter: %v", err)
			}
		}
		a.enter("room", "bea", "")
		a.events("room", 2)
		killed := time.Now()
		kill()
		s.same("heard", a.events("room", 3), []string{"+ada", "+bea", "-ada"})
		if took := time.Since(killed); took > 5*time.Second {
			s.Errorf("it took %v", took)
		}
		s.same("heard by another", b.events("room", 3), []string{"+ada", "+bea", "-ada"})
		s.same("heard in another channel", b.events("other", 2), []string{"+ada", "-ada"})
		s.same("members", a.members("room"), []string{"bea"})
		b.enter("room", "cem", "")
		if got := a.events("room", 4); !slices.Equal(got[3:], []string{"+cem"}) {
			s.Fatalf("heard more than once: %q", got)
		}
	}},
}
