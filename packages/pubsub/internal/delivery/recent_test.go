package delivery_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/internal/delivery"
)

// remembering runs a dispatcher that delivered offsets first to last of "room".
func remembering(t *testing.T, first, last uint64, size int) (*delivery.Dispatcher, *archive) {
	t.Helper()
	history := &archive{epoch: "e", first: 1, last: last}
	d := delivery.New(history.resume)
	d.KeepRecent()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx, new(script)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	d.Add("room")
	d.Start("room", pubsub.Position{Epoch: "e", Offset: first - 1})
	for offset := first; offset <= last; offset++ {
		p := at("e", offset)
		p.Data = make([]byte, size)
		d.Publish("room", p)
		synctest.Wait()
	}
	return d, history
}

// known says what Recent answers: the first and the last offset, and the position.
func known(d *delivery.Dispatcher, epoch string, offset uint64) string {
	history, ok := d.Recent("room", pubsub.Position{Epoch: epoch, Offset: offset})
	if !ok {
		return "unknown"
	}
	all := history.Publications
	for i := range all {
		if all[i].Position.Offset != offset+1+uint64(i) {
			return fmt.Sprint("a hole at ", i)
		}
	}
	return fmt.Sprintf("%d up to %s%d", len(all), history.Position.Epoch, history.Position.Offset)
}

func TestRecentPublicationsAreKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, history := remembering(t, 101, 110, 10)
		ask := func(what, epoch string, offset uint64, want string) {
			t.Helper()
			if got := known(d, epoch, offset); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		ask("nothing missed", "e", 110, "0 up to e110")
		ask("some missed", "e", 105, "5 up to e110")
		ask("all missed", "e", 100, "10 up to e110")
		ask("more missed", "e", 99, "unknown")
		ask("from the future", "e", 111, "unknown")
		ask("another epoch", "f", 105, "unknown")
		ask("no epoch", "", 105, "unknown")
		d.Recall("room", pubsub.History{
			Publications: []pubsub.Publication{at("e", 99), at("e", 100), at("e", 101), at("e", 102)},
			Position:     pubsub.Position{Epoch: "e", Offset: 110},
		})
		ask("what was recalled", "e", 98, "12 up to e110")
		d.Recall("room", pubsub.History{
			Publications: []pubsub.Publication{at("e", 95), at("e", 96)},
			Position:     pubsub.Position{Epoch: "e", Offset: 110},
		})
		ask("what does not join", "e", 94, "unknown")
		history.epoch, history.last = "f", 1
		d.Publish("room", at("f", 1))
		synctest.Wait()
		ask("the epoch before the break", "e", 105, "unknown")
		ask("after the break", "f", 1, "0 up to f1")
	})
}

func TestRecentPublicationsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			size int
			want string
		}{{1, "512 up to e600"}, {64 << 10, "4 up to e600"}} {
			d, _ := remembering(t, 1, 600, c.size)
			var most string
			for offset := range uint64(600) {
				if most = known(d, "e", offset); most != "unknown" {
					break
				}
			}
			if most != c.want {
				t.Errorf("of 600 publications of %d bytes %s are known, want %s", c.size, most, c.want)
			}
		}
	})
}

func TestRecentPublicationsAreForgottenAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := remembering(t, 1, 5, 1)
		if got := known(d, "e", 0); got != "5 up to e5" {
			t.Fatal(got)
		}
		<-time.After(3 * time.Minute)
		if got := known(d, "e", 0); got != "unknown" {
			t.Error(got)
		}
		if got := known(d, "e", 5); got != "0 up to e5" {
			t.Error(got)
		}
	})
}

func TestRemovedPublicationsAreNoLongerKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, history := remembering(t, 1, 10, 10)
		ask := func(what string, offset uint64, want string) {
			t.Helper()
			if got := known(d, "e", offset); got != want {
				t.Errorf("%s: %s, not %s", what, got, want)
			}
		}
		read, err := history.resume(t.Context(), "room", pubsub.Position{Epoch: "e", Offset: 2}, 100)
		if err != nil {
			t.Fatal(err)
		}
		d.Forget("room", pubsub.Position{Epoch: "e", Offset: 8})
		ask("what was removed", 5, "unknown")
		ask("the end of it", 8, "2 up to e10")
		ask("the newest", 10, "0 up to e10")
		d.Recall("room", read)
		ask("what was read before and comes late", 5, "unknown")
		ask("what was not removed", 8, "2 up to e10")
		d.Forget("room", pubsub.Position{})
		ask("what may have been removed", 8, "unknown")
		d.Recall("room", read)
		ask("what was read again", 2, "8 up to e10")
		d.Forget("room", pubsub.Position{Epoch: "another", Offset: 1})
		ask("what was removed in another epoch", 9, "unknown")
	})
}
