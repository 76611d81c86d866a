package pubsubtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
)

// suite is the test of one promise: what fails in it fails with the promise's sentence.
type suite struct {
	testing.TB
	sentence string
	fixture  Fixture
	first    *process
}

// process is a broker that runs, and what it delivered.
type process struct {
	pubsub.Broker
	*recorder
	suite *suite
	stop  func()
}

// Fatalf overrides that of [testing.TB].
func (s *suite) Fatalf(format string, args ...any) {
	s.Helper()
	s.TB.Fatalf("broken promise: %s\n\t%s", s.sentence, fmt.Sprintf(format, args...))
}

// Errorf overrides that of [testing.TB].
func (s *suite) Errorf(format string, args ...any) {
	s.Helper()
	s.TB.Errorf("broken promise: %s\n\t%s", s.sentence, fmt.Sprintf(format, args...))
}

// open runs the first process; a second call returns the same.
func (s *suite) open() *process {
	if s.first == nil {
		s.first = s.run(s.fixture.Open(s), newRecorder())
	}
	return s.first
}

// peer runs another process, or returns the first where there can be no other.
func (s *suite) peer() *process {
	if s.fixture.Peer == nil {
		return s.open()
	}
	return s.run(s.fixture.Peer(s), newRecorder())
}

// run starts a broker with a recorder and stops both when the test ends.
func (s *suite) run(b pubsub.Broker, r *recorder) *process {
	ctx, cancel := context.WithCancel(s.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx, r) }()
	p := &process{Broker: b, recorder: r, suite: s}
	stopped := false
	p.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		r.release()
		if err := <-done; err != nil {
			s.Errorf("run returned %v", err)
		}
	}
	s.Cleanup(func() {
		p.stop()
		if err := b.Close(); err != nil {
			s.Errorf("close returned %v", err)
		}
	})
	return p
}

// subscribe has the process receive the channels.
func (p *process) subscribe(channels ...string) {
	p.suite.Helper()
	for _, channel := range channels {
		if err := p.Subscribe(p.suite.Context(), channel); err != nil {
			p.suite.Fatalf("subscribe to %q: %v", channel, err)
		}
	}
}

// keep publishes into history, with room for all that a case publishes.
func (p *process) keep(channel, data string) pubsub.Position {
	p.suite.Helper()
	return p.publish(channel, data, pubsub.PublishOptions{HistorySize: pubsub.MaxHistorySize})
}

func (p *process) publish(channel, data string, o pubsub.PublishOptions) pubsub.Position {
	p.suite.Helper()
	position, err := p.Publish(p.suite.Context(), channel, []byte(data), o)
	if err != nil {
		p.suite.Fatalf("publish to %q: %v", channel, err)
	}
	return position
}

// read returns a part of the channel's history.
func (p *process) read(channel string, o pubsub.HistoryOptions) pubsub.History {
	p.suite.Helper()
	history, err := p.History(p.suite.Context(), channel, o)
	if err != nil {
		p.suite.Fatalf("history of %q: %v", channel, err)
	}
	return history
}

// refused fails unless err wraps want.
func (s *suite) refused(what string, err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

// until waits for something that has no event to wait for.
func (s *suite) until(what string, ok func() bool) {
	s.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			s.Fatalf("still waiting after %v: %s", patience, what)
		case <-tick.C:
		}
	}
}

// members returns the ids of who is in the channel.
func (p *process) members(channel string) []string {
	p.suite.Helper()
	members, err := p.Members(p.suite.Context(), channel)
	if err != nil {
		p.suite.Fatalf("members of %q: %v", channel, err)
	}
	ids := make([]string, len(members))
	for i, member := range members {
		ids[i] = member.ID
	}
	return ids
}

func (p *process) enter(channel, id, data string) {
	p.suite.Helper()
	if err := p.Enter(p.suite.Context(), channel, pubsub.Member{ID: id, Data: []byte(data)}, pubsub.PresenceOptions{}); err != nil {
		p.suite.Fatalf("enter %q: %v", channel, err)
	}
}

// texts returns what was published.
func texts(publications []pubsub.Publication) []string {
	all := make([]string, len(publications))
	for i, p := range publications {
		all[i] = string(p.Data)
	}
	return all
}

// same fails unless both lists are equal.
func (s *suite) same(what string, got, want []string) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Fatalf("%s: got %q, want %q", what, got, want)
	}
}

// numbers returns the decimal numbers from first to last.
func numbers(first, last int) []string {
	var all []string
	for n := first; n <= last; n++ {
		all = append(all, fmt.Sprint(n))
	}
	return all
}
