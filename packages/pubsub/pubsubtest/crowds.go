package pubsubtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie.build/packages/pubsub"
)

// few is up to how many members are told by name in the cases here.
var few = pubsub.PresenceOptions{MaxNamed: 3}

var crowds = []promise{
	{"presence_stats_count", "PresenceStats returns how many members there are over all processes, and how many users they have", func(s *suite) {
		a, b := s.open(), s.peer()
		for i, p := range []*process{a, b, a} {
			p.join(fmt.Sprint(i), "ada", pubsub.PresenceOptions{})
		}
		b.join("3", "bea", pubsub.PresenceOptions{})
		b.join("4", "", pubsub.PresenceOptions{})
		b.join("4", "", pubsub.PresenceOptions{})
		for _, p := range []*process{a, b} {
			s.count(p, pubsub.PresenceStats{Members: 5, Users: 3})
		}
		b.join("3", "ada", pubsub.PresenceOptions{})
		s.count(a, pubsub.PresenceStats{Members: 5, Users: 2})
		a.quit("0", "2")
		b.quit("1", "4", "4")
		s.count(b, pubsub.PresenceStats{Members: 1, Users: 1})
		b.quit("1", "3")
		s.count(a, pubsub.PresenceStats{})
	}},
	{"members_have_users", "Members and those who hear who comes and goes are told of whom a member is", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		p.join("1", "ada bea", pubsub.PresenceOptions{})
		p.quit("1")
		p.events("room", 2)
		for _, event := range p.presence["room"] {
			if event.Member.User != "ada bea" {
				s.Fatalf("heard of %+v", event)
			}
		}
		p.join("1", "ada bea", pubsub.PresenceOptions{})
		members, err := p.Members(s.Context(), "room")
		if err != nil || len(members) != 1 || members[0].User != "ada bea" {
			s.Fatalf("members are %+v, %v", members, err)
		}
	}},
	{"crowd_is_counted", "in a channel with more members than are named everybody hears how many there are instead of who, not more than once a second and process", func(s *suite) {
		a, b := s.open(), s.peer()
		a.subscribe("room")
		b.subscribe("room")
		const members = 60
		began := time.Now()
		for n := range members {
			a.join(fmt.Sprint("m", n), fmt.Sprint("u", n/2), few)
		}
		want := pubsub.PresenceStats{Members: members, Users: members / 2}
		for _, p := range []*process{a, b} {
			told := p.counted(want)
			if most := int(time.Since(began)/time.Second) + 1; told > most {
				s.Fatalf("told %d times within %v", told, time.Since(began))
			}
			if heard := p.heard("room"); len(heard) > few.MaxNamed+told*pubsub.MaxGathered || !slices.Equal(heard[:3], []string{"+m0", "+m1", "+m2"}) {
				s.Fatalf("heard %v", heard)
			}
		}
		s.count(b, want)
		if got := len(b.members("room")); got != members {
			s.Fatalf("%d members", got)
		}
	}},
	{"few_moves_in_a_crowd_are_told", "who comes or goes in a crowd is told by name when these are few, and not who did both", func(s *suite) {
		a, b := s.open(), s.peer()
		a.subscribe("room")
		b.subscribe("room")
		for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
			a.join(id, id, few)
		}
		for _, p := range []*process{a, b} {
			p.counted(pubsub.PresenceStats{Members: 6, Users: 6})
			s.same("heard", p.events("room", 6), []string{"+1", "+2", "+3", "+4", "+5", "+6"})
		}
		a.quit("2")
		a.join("7", "7", few)
		a.quit("7")
		for _, p := range []*process{a, b} {
			p.counted(pubsub.PresenceStats{Members: 5, Users: 5})
			for _, heard := range p.events("room", 7)[6:] {
				if !strings.Contains("-2 +7 -7", heard) { // which a second that ends in between may part
					s.Fatalf("heard %v", p.heard("room"))
				}
			}
		}
	}},
	{"crowd_becomes_small", "when a crowd has left, who comes and goes is told at once again", func(s *suite) {
		p := s.open()
		p.subscribe("room")
		for _, id := range []string{"1", "2", "3", "4"} {
			p.join(id, id, few)
		}
		p.counted(pubsub.PresenceStats{Members: 4, Users: 4})
		p.quit("1", "2")
		p.join("5", "5", few)
		s.same("heard", p.events("room", 7), []string{"+1", "+2", "+3", "+4", "-1", "-2", "+5"})
	}},
	{"killed_process_leaves_a_crowd", "the crowd of a process that was killed has left within 5 seconds, and every survivor hears how many are left", func(s *suite) {
		if s.fixture.Doomed == nil {
			return // nobody survives the only process
		}
		a, b := s.open(), s.peer()
		a.subscribe("room")
		b.subscribe("room")
		doomed, kill := s.fixture.Doomed(s)
		s.Cleanup(func() { _ = doomed.Close() })
		for n := range 50 {
			if err := doomed.Enter(s.Context(), "room", pubsub.Member{ID: fmt.Sprint(n), User: fmt.Sprint(n)}, few); err != nil {
				s.Fatalf("enter: %v", err)
			}
		}
		for _, id := range []string{"a", "b", "c", "d"} {
			a.join(id, "ada", few)
		}
		want := pubsub.PresenceStats{Members: 4, Users: 1}
		killed := time.Now()
		kill()
		for _, p := range []*process{a, b} {
			p.counted(want)
		}
		if took := time.Since(killed); took > 5*time.Second {
			s.Errorf("it took %v", took)
		}
		s.count(a, want)
		s.same("members", b.members("room"), []string{"a", "b", "c", "d"})
		if heard := b.heard("room"); len(heard) > 4*pubsub.MaxGathered {
			s.Fatalf("heard %v", heard)
		}
	}},
}

// The cases here all take place in one channel.

// count fails unless it has as many.
func (s *suite) count(p *process, want pubsub.PresenceStats) {
	s.Helper()
	if got, err := p.PresenceStats(s.Context(), "room"); err != nil || got != want {
		s.Fatalf("there are %+v, %v, want %+v", got, err, want)
	}
}

// join has a user's member enter.
func (p *process) join(id, user string, o pubsub.PresenceOptions) {
	p.suite.Helper()
	if err := p.Enter(p.suite.Context(), "room", pubsub.Member{ID: id, User: user}, o); err != nil {
		p.suite.Fatalf("enter: %v", err)
	}
}

func (p *process) quit(ids ...string) {
	p.suite.Helper()
	for _, id := range ids {
		if err := p.Leave(p.suite.Context(), "room", id); err != nil {
			p.suite.Fatalf("leave: %v", err)
		}
	}
}

// counted waits until the room was said to have as many, and returns how often it was told how many
// there are.
func (p *process) counted(want pubsub.PresenceStats) int {
	p.suite.Helper()
	var told []pubsub.PresenceStats
	p.await(func() bool { told = p.stats["room"]; return len(told) > 0 && told[len(told)-1] == want }, func() {
		p.suite.Fatalf("it was not said to have %+v after %v: %+v", want, patience, told)
	})
	return len(told)
}
