package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/internal/delivery"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a handler that writes down what it is told.
type script struct{ lines []string }

func (s *script) HandlePublication(_ string, p pubsub.Publication) {
	s.lines = append(s.lines, fmt.Sprint(p.Position.Epoch, p.Position.Offset))
}

func (s *script) HandlePresence(_ string, e pubsub.PresenceEvent) {
	s.lines = append(s.lines, "presence "+e.Member.ID)
}

func (s *script) HandlePresenceStats(_ string, stats pubsub.PresenceStats) {
	s.lines = append(s.lines, fmt.Sprintf("%d of %d users", stats.Members, stats.Users))
}

func (s *script) HandleBreak(_ string, p pubsub.Position) {
	s.lines = append(s.lines, fmt.Sprint("break ", p.Epoch, p.Offset))
}

func at(epoch string, offset uint64) pubsub.Publication {
	return pubsub.Publication{Position: pubsub.Position{Epoch: epoch, Offset: offset}}
}

// archive is a history of one epoch that keeps offsets first to last.
type archive struct {
	epoch       string
	first, last uint64
	reads       int
	down        int // how many reads fail
}

func (a *archive) resume(_ context.Context, _ string, since pubsub.Position, limit int) (pubsub.History, error) {
	a.reads++
	if a.down > 0 {
		a.down--
		return pubsub.History{}, errors.New("not now")
	}
	history := pubsub.History{Position: pubsub.Position{Epoch: a.epoch, Offset: a.last}}
	if since.Epoch != "" && since.Epoch != a.epoch || since.Offset > a.last || since.Offset+1 < a.first {
		return history, pubsub.ErrUnrecoverable
	}
	for offset := since.Offset + 1; offset <= a.last && len(history.Publications) < limit; offset++ {
		history.Publications = append(history.Publications, at(a.epoch, offset))
	}
	return history, nil
}

func TestLinesAreContinuedOrBroken(t *testing.T) {
	for _, c := range []struct {
		name    string
		archive archive
		start   pubsub.Position
		play    func(d *delivery.Dispatcher)
		want    []string
		reads   int
		repairs pubsub.Repairs
	}{
		{
			name:  "what follows is delivered without a read",
			start: pubsub.Position{Epoch: "e", Offset: 3},
			play:  offer("e", 4, 5),
			want:  []string{"e4", "e5"},
		},
		{
			name: "the first of a channel that had none is delivered without a read",
			play: offer("e", 1, 2),
			want: []string{"e1", "e2"},
		},
		{
			name:  "what came before the start is left out",
			start: pubsub.Position{Epoch: "e", Offset: 3},
			play:  offer("e", 2, 3, 4),
			want:  []string{"e4"},
		},
		{
			name:    "a gap is read once, and what waits meanwhile is not doubled",
			archive: archive{epoch: "e", first: 1, last: 9},
			start:   pubsub.Position{Epoch: "e", Offset: 3},
			play:    offer("e", 7, 8, 9, 10),
			want:    []string{"e4", "e5", "e6", "e7", "e8", "e9", "e10"},
			reads:   1,
			repairs: pubsub.Repairs{Reads: 1, Publications: 6},
		},
		{
			name:    "a read that fails is tried again",
			archive: archive{epoch: "e", first: 1, last: 2, down: 3},
			start:   pubsub.Position{Epoch: "e"},
			play:    offer("e", 2, 3),
			want:    []string{"e1", "e2", "e3"},
			reads:   4,
			repairs: pubsub.Repairs{Reads: 1, Publications: 2},
		},
		{
			name:    "a gap that history has no more is a break",
			archive: archive{epoch: "e", first: 6, last: 9},
			start:   pubsub.Position{Epoch: "e", Offset: 3},
			play:    offer("e", 9, 10),
			want:    []string{"break e9", "e10"},
			reads:   1,
			repairs: pubsub.Repairs{Breaks: 1},
		},
		{
			name:    "another epoch is a break",
			archive: archive{epoch: "f", first: 1, last: 2},
			start:   pubsub.Position{Epoch: "e", Offset: 3},
			play:    offer("f", 1, 2, 3),
			want:    []string{"break f2", "f3"},
			reads:   1,
			repairs: pubsub.Repairs{Breaks: 1},
		},
		{
			name:    "an offset that arrives again is asked about",
			archive: archive{epoch: "f", first: 1, last: 5},
			play: func(d *delivery.Dispatcher) {
				offer("e", 1, 2, 3, 4, 5, 6)(d)
				offer("e", 5)(d)
			},
			want:    []string{"e1", "e2", "e3", "e4", "e5", "e6", "break f5"},
			reads:   1,
			repairs: pubsub.Repairs{Breaks: 1},
		},
		{
			name:    "a tail that did not arrive is read when told of it",
			archive: archive{epoch: "e", first: 1, last: 5},
			start:   pubsub.Position{Epoch: "e", Offset: 3},
			play:    func(d *delivery.Dispatcher) { d.Compare("a", pubsub.Position{Epoch: "e", Offset: 5}) },
			want:    []string{"e4", "e5"},
			reads:   1,
			repairs: pubsub.Repairs{Reads: 1, Publications: 2},
		},
		{
			name:  "an end that is known needs no read",
			start: pubsub.Position{Epoch: "e", Offset: 3},
			play: func(d *delivery.Dispatcher) {
				d.Compare("a", pubsub.Position{Epoch: "e", Offset: 3})
				offer("e", 4)(d)
				d.Compare("a", pubsub.Position{Epoch: "e", Offset: 4})
			},
			want: []string{"e4"},
		},
		{
			name: "publications without history and presence keep their place",
			play: func(d *delivery.Dispatcher) {
				offer("e", 1)(d)
				d.Publish("a", pubsub.Publication{})
				d.Presence("a", pubsub.PresenceEvent{Member: pubsub.Member{ID: "ada"}})
				d.PresenceStats("a", pubsub.PresenceStats{Members: 3, Users: 2})
				offer("e", 2)(d)
			},
			want: []string{"e1", "0", "presence ada", "3 of 2 users", "e2"},
		},
		{
			name: "a channel that was removed hears nothing",
			play: func(d *delivery.Dispatcher) {
				offer("e", 1)(d)
				d.Remove("a")
				offer("e", 2)(d)
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, s := delivery.New(c.archive.resume), new(script)
				d.Add("a")
				d.Start("a", c.start)
				c.play(d)
				done := make(chan error, 1)
				go func() { done <- d.Run(t.Context(), s) }()
				<-time.After(time.Minute) // of the bubble's time: what is tried again has been
				d.Close()
				if err := <-done; err != nil {
					t.Error(err)
				}
				if !slices.Equal(s.lines, c.want) {
					t.Errorf("delivered %q, want %q", s.lines, c.want)
				}
				if c.archive.reads != c.reads {
					t.Errorf("history was read %d times, want %d", c.archive.reads, c.reads)
				}
				if got := d.Repairs(); got != c.repairs {
					t.Errorf("repairs are %+v, want %+v", got, c.repairs)
				}
			})
		})
	}
}

func TestWhatWasAskedForInVainIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The history is read from a server that does not know yet that it was replaced.
		stale := archive{epoch: "e", first: 1, last: 4}
		d, s := delivery.New(stale.resume), new(script)
		d.Add("a")
		d.Start("a", pubsub.Position{Epoch: "e", Offset: 4})
		done := make(chan error, 1)
		go func() { done <- d.Run(t.Context(), s) }()
		synctest.Wait()
		offer("f", 9)(d)
		synctest.Wait()
		if len(s.lines) > 0 {
			t.Errorf("delivered %q from a history that does not have it", s.lines)
		}
		stale = archive{epoch: "f", first: 1, last: 9}
		d.Compare("a", pubsub.Position{Epoch: "f", Offset: 9})
		synctest.Wait()
		d.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if want := []string{"break f9"}; !slices.Equal(s.lines, want) {
			t.Errorf("delivered %q, want %q", s.lines, want)
		}
	})
}

func offer(epoch string, offsets ...uint64) func(*delivery.Dispatcher) {
	return func(d *delivery.Dispatcher) {
		for _, offset := range offsets {
			d.Publish("a", at(epoch, offset))
		}
	}
}
