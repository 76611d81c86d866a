//go:build unix

package redis_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

// fenced and unfenced are users that may ask for the replication id, and that may not.
const (
	fenced   = "fenced"
	unfenced = "unfenced"
)

// rewound has a failover take back publications 51 to 55, which were acknowledged and delivered, and
// publishes others in their place while who received them is cut off. It returns the witness of that one,
// a broker for both users, and where channel "a" was before.
func rewound(t *testing.T, user string) (*witness, *redis.Broker, pubsub.Position) {
	t.Helper()
	sentinel := redistest.StartSentinel(t, redistest.Options{})
	for _, server := range []*redistest.Server{sentinel.Master, sentinel.Replica} {
		server.Do("ACL", "SETUSER", fenced, "on", ">secret", "~*", "&*", "+@all")
		server.Do("ACL", "SETUSER", unfenced, "on", ">secret", "~*", "&*", "+@all", "-info")
	}
	proxy := redistest.NewProxy(t, sentinel.Master.Addr)
	_, w := watch(t, redis.Options{URL: "redis://" + user + ":secret@" + proxy.Addr, Timeout: time.Second}, "a")
	publisher, _ := watch(t, redis.Options{
		URL:     strings.Replace(sentinel.URL(), "://", "://"+user+":secret@", 1),
		Timeout: time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	for n := range 50 {
		insist(t, publisher, "a", fmt.Sprint(n))
	}
	replicated(t, sentinel, "a", 50)
	sentinel.CutReplication()
	var before pubsub.Position
	for n := range 5 {
		before = insist(t, publisher, "a", fmt.Sprint("lost", n))
	}
	eventually(t, "what will be lost", func() bool { return w.at("a") == before })
	proxy.Cut()
	sentinel.FailOver()
	for n := range 5 {
		insist(t, publisher, "a", fmt.Sprint("instead", n))
	}
	proxy.Lead(sentinel.Replica.Addr)
	proxy.Mend()
	return w, publisher, before
}

// replicated waits until the replica has a channel's publications up to offset.
func replicated(t *testing.T, sentinel *redistest.Sentinel, channel string, offset int) {
	t.Helper()
	eventually(t, "the replica to follow", func() bool {
		return sentinel.Replica.Do("HGET", "magpie:head:{"+channel+"}", "o") == fmt.Sprint(offset)
	})
}

func TestFailoverThatIsCaughtUpWithIsNoticed(t *testing.T) {
	t.Parallel()
	w, publisher, before := rewound(t, fenced)
	eventually(t, "the break", func() bool { _, ok := w.broken("a"); return ok })
	last := insist(t, publisher, "a", "last")
	if last.Offset != before.Offset+1 || last.Epoch == before.Epoch {
		t.Errorf("%v follows %v", last, before)
	}
	eventually(t, "what follows the break", func() bool { return w.at("a") == last })
	for offset, lost := range map[uint64]bool{50: false, 51: true, 55: true} {
		since := pubsub.Position{Epoch: before.Epoch, Offset: offset}
		history, err := publisher.History(t.Context(), "a", pubsub.HistoryOptions{Since: &since, Limit: -1})
		if errors.Is(err, pubsub.ErrUnrecoverable) != lost {
			t.Errorf("history since %v: %v", since, err)
		}
		if !lost && (len(history.Publications) != 6 || string(history.Publications[0].Data) != "instead0") {
			t.Errorf("history since %v has %d publications", since, len(history.Publications))
		}
	}
}

// TestFailoverIsNoticedByTheReplicationIDAlone shows that the test above fails without the fence: who may
// not ask for the replication id is never told, as the offsets agree.
func TestFailoverIsNoticedByTheReplicationIDAlone(t *testing.T) {
	t.Parallel()
	takesLong(t)
	w, publisher, before := rewound(t, unfenced)
	last := insist(t, publisher, "a", "last")
	eventually(t, "what follows", func() bool { return w.at("a") == last })
	if at, ok := w.broken("a"); ok || last.Epoch != before.Epoch {
		t.Errorf("noticed, at %v: if INFO is no longer needed, the documentation must not ask for it", at)
	}
}

func TestFailoverThatLosesNothingBreaksNothing(t *testing.T) {
	t.Parallel()
	sentinel := redistest.StartSentinel(t, redistest.Options{})
	b, w := watch(t, redis.Options{URL: sentinel.URL(), Timeout: time.Second}, "a", "silent")
	silent := insist(t, b, "silent", "once")
	var before pubsub.Position
	for n := range 50 {
		before = insist(t, b, "a", fmt.Sprint(n))
	}
	replicated(t, sentinel, "a", 50)
	sentinel.FailOver()
	after := insist(t, b, "a", "after")
	if after.Offset != 51 || after.Epoch == before.Epoch {
		t.Errorf("after %v came %v", before, after)
	}
	eventually(t, "what was published after", func() bool { return w.at("a") == after })
	next := insist(t, b, "a", "and again")
	eventually(t, "what follows", func() bool { return w.at("a") == next })
	for channel, since := range map[string]pubsub.Position{"a": before, "silent": silent} {
		history, err := b.History(t.Context(), channel, pubsub.HistoryOptions{Since: &since, Limit: -1})
		if err != nil || history.Position.Offset != since.Offset+uint64(len(history.Publications)) {
			t.Errorf("history of %s since %v: %+v, %v", channel, since, history, err)
		}
		if at, ok := w.broken(channel); ok {
			t.Errorf("break of %s at %v", channel, at)
		}
	}
}

func TestRestartThatLosesNothingBreaksNothing(t *testing.T) {
	t.Parallel()
	takesLong(t)
	server := redistest.Start(t, redistest.Options{Append: true})
	b, w := watch(t, redis.Options{URL: server.URL(), Timeout: time.Second}, "a")
	first := insist(t, b, "a", "before")
	eventually(t, "the first", func() bool { return w.at("a") == first })
	for n := range 10 { // more than a head remembers
		server.Kill()
		server.Restart()
		last := insist(t, b, "a", fmt.Sprint(n))
		eventually(t, "what was published after", func() bool { return w.at("a") == last })
	}
	if at, ok := w.broken("a"); ok {
		t.Errorf("break at %v", at)
	}
	_, err := b.History(t.Context(), "a", pubsub.HistoryOptions{Since: &first})
	if !errors.Is(err, pubsub.ErrUnrecoverable) {
		t.Errorf("an epoch that ended ten epochs ago: %v", err)
	}
}
