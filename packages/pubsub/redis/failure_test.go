//go:build unix

package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

// patience is how long anything here may take.
const patience = 30 * time.Second

// witness is a handler that fails the test when a channel is not delivered 1, 2, 3 …; an epoch may go on
// in another one.
type witness struct {
	t *testing.T

	mu     sync.Mutex
	last   map[string]pubsub.Position
	breaks map[string]pubsub.Position
	events []string
	count  atomic.Int64 // of publications with history

	ephemeral int
}

func (w *witness) HandlePublication(channel string, p pubsub.Publication) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.Position.Offset == 0 {
		w.ephemeral++
		return
	}
	last := w.last[channel]
	if p.Position.Offset != last.Offset+1 {
		w.t.Errorf("%s: after %v came %v", channel, last, p.Position)
	}
	w.last[channel] = p.Position
	w.count.Add(1)
}

func (w *witness) HandlePresence(_ string, event pubsub.PresenceEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, fmt.Sprintf("%s left=%v", event.Member.ID, event.Left))
}

func (w *witness) HandlePresenceStats(string, pubsub.PresenceStats) {}

func (w *witness) HandleBreak(channel string, position pubsub.Position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last[channel], w.breaks[channel] = position, position
}

func (w *witness) at(channel string) pubsub.Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last[channel]
}

func (w *witness) broken(channel string) (pubsub.Position, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	position, ok := w.breaks[channel]
	return position, ok
}

// watch runs a broker that is subscribed to channels.
func watch(t *testing.T, o redis.Options, channels ...string) (*redis.Broker, *witness) {
	t.Helper()
	b := open(t, o)
	w := &witness{t: t, last: make(map[string]pubsub.Position), breaks: make(map[string]pubsub.Position)}
	done := make(chan error, 1)
	go func() { done <- b.Run(t.Context(), w) }()
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for _, channel := range channels {
		if err := b.Subscribe(t.Context(), channel); err != nil {
			t.Fatal(err)
		}
	}
	return b, w
}

// eventually polls until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still waiting after %v: %s", patience, what)
		}
	}
}

// insist publishes until it is acknowledged, always under the same key.
func insist(t *testing.T, b *redis.Broker, channel, key string) pubsub.Position {
	t.Helper()
	var position pubsub.Position
	eventually(t, "publish "+key, func() bool {
		var err error
		position, err = b.Publish(t.Context(), channel, []byte(key), pubsub.PublishOptions{HistorySize: pubsub.MaxHistorySize, IdempotencyKey: key})
		if err != nil && !errors.Is(err, pubsub.ErrUnavailable) {
			t.Fatalf("publish %s: %v", key, err)
		}
		return err == nil
	})
	return position
}

// TestNothingIsLostSilently publishes while something goes wrong, and wants every acknowledged
// publication delivered once and in order in another process.
func TestNothingIsLostSilently(t *testing.T) {
	t.Parallel()
	for _, failure := range []struct {
		name    string
		inflict func(t *testing.T, server *redistest.Server, proxy *redistest.Proxy)
	}{
		{"subscriptions are killed", func(_ *testing.T, server *redistest.Server, _ *redistest.Proxy) {
			server.Do("CLIENT", "KILL", "TYPE", "pubsub")
		}},
		{"all connections are killed", func(_ *testing.T, server *redistest.Server, _ *redistest.Proxy) {
			server.Do("CLIENT", "KILL", "TYPE", "pubsub")
			server.Do("CLIENT", "KILL", "TYPE", "normal")
		}},
		{"the network is cut", func(t *testing.T, _ *redistest.Server, proxy *redistest.Proxy) {
			t.Helper()
			proxy.Cut()
			pause(t, 300*time.Millisecond)
			proxy.Mend()
		}},
		{"the server is killed and starts again", func(_ *testing.T, server *redistest.Server, _ *redistest.Proxy) {
			server.Kill()
			server.Restart()
		}},
		{"the server stalls", func(t *testing.T, server *redistest.Server, _ *redistest.Proxy) {
			t.Helper()
			server.Signal(syscall.SIGSTOP)
			pause(t, 2*time.Second)
			server.Signal(syscall.SIGCONT)
		}},
		{"the server forgets its scripts", func(_ *testing.T, server *redistest.Server, _ *redistest.Proxy) {
			server.Do("SCRIPT", "FLUSH")
		}},
	} {
		t.Run(failure.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, redistest.Options{Append: true})
			proxy := redistest.NewProxy(t, server.Addr)
			_, w := watch(t, redis.Options{URL: "redis://" + proxy.Addr, Timeout: time.Second}, "a", "b", "c")
			publisher, _ := watch(t, redis.Options{URL: server.URL(), Timeout: time.Second})
			ctx, stop := context.WithCancel(t.Context())
			var last sync.Map
			var wg sync.WaitGroup
			for _, channel := range []string{"a", "b", "c"} {
				wg.Go(func() {
					for n := 0; ctx.Err() == nil && n < pubsub.MaxHistorySize; n++ {
						last.Store(channel, insist(t, publisher, channel, fmt.Sprint(channel, n)))
					}
				})
			}
			for range 2 {
				seen := w.count.Load()
				eventually(t, "deliveries before", func() bool { return w.count.Load() > seen+100 })
				failure.inflict(t, server, proxy)
			}
			seen := w.count.Load()
			eventually(t, "deliveries after", func() bool { return w.count.Load() > seen+100 })
			stop()
			wg.Wait()
			for _, channel := range []string{"a", "b", "c"} {
				want, _ := last.Load(channel)
				eventually(t, "the tail of "+channel, func() bool { return w.at(channel) == want })
				if at, ok := w.broken(channel); ok {
					t.Errorf("%s: break at %v", channel, at)
				}
			}
		})
	}
}

// pause lets a failure last.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

func TestMissedTailIsDeliveredWithoutAnotherPublish(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	proxy := redistest.NewProxy(t, server.Addr)
	_, w := watch(t, redis.Options{URL: "redis://" + proxy.Addr, Timeout: time.Second}, "a")
	publisher, _ := watch(t, redis.Options{URL: server.URL()})
	insist(t, publisher, "a", "heard")
	eventually(t, "the first", func() bool { return w.at("a").Offset == 1 })
	proxy.Cut()
	insist(t, publisher, "a", "missed")
	last := insist(t, publisher, "a", "missed too")
	proxy.Mend()
	eventually(t, "the tail", func() bool { return w.at("a") == last })
}

func TestSilentConnectionsAreNoticedInTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options redistest.Options
		silence func(*redistest.Proxy)
	}{
		"publications are swallowed": {redistest.Options{}, (*redistest.Proxy).Mute},
		"everything is swallowed":    {redistest.Options{}, (*redistest.Proxy).Swallow},
		"RESP2, publications":        {onlyRESP2, (*redistest.Proxy).Mute},
		"RESP2, everything":          {onlyRESP2, (*redistest.Proxy).Swallow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, c.options)
			proxy := redistest.NewProxy(t, server.Addr)
			_, w := watch(t, redis.Options{URL: "redis://" + proxy.Addr}, "a")
			publisher, _ := watch(t, redis.Options{URL: server.URL()})
			insist(t, publisher, "a", "heard")
			eventually(t, "the first", func() bool { return w.at("a").Offset == 1 })
			c.silence(proxy)
			began := time.Now()
			last := insist(t, publisher, "a", "not heard")
			eventually(t, "what was not heard", func() bool { return w.at("a") == last })
			eventually(t, "a connection that hears", func() bool {
				if _, err := publisher.Publish(t.Context(), "a", nil, pubsub.PublishOptions{}); err != nil {
					t.Fatal(err)
				}
				w.mu.Lock()
				defer w.mu.Unlock()
				return w.ephemeral > 0
			})
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Where commands get through and subscriptions do not, nothing is missing for longer than without a connection at rest.
func TestPublicationsArriveWhileNobodyMaySubscribe(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	_, w := watch(t, redis.Options{URL: server.URL()}, "a")
	publisher, _ := watch(t, redis.Options{URL: server.URL()})
	insist(t, publisher, "a", "heard")
	eventually(t, "the first", func() bool { return w.at("a").Offset == 1 })
	server.Do("ACL", "SETUSER", "default", "-subscribe")
	server.Do("CLIENT", "KILL", "TYPE", "PUBSUB")
	for _, key := range []string{"not heard", "not heard either"} {
		last := insist(t, publisher, "a", key)
		eventually(t, "what was not heard", func() bool { return w.at("a") == last })
	}
}

func TestProbeIsTheTruthAboutDelivery(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	proxy := redistest.NewProxy(t, server.Addr)
	b := open(t, redis.Options{URL: "redis://" + proxy.Addr, Timeout: 2 * time.Second})
	t.Cleanup(func() { _ = b.Close() })
	for range 2 { // the first opens the connection
		if err := b.Probe(t.Context()); err != nil {
			t.Fatalf("nothing is wrong: %v", err)
		}
	}
	proxy.Mute()
	if err := b.Probe(t.Context()); !errors.Is(err, pubsub.ErrUnavailable) || !strings.Contains(err.Error(), "did not deliver") {
		t.Errorf("deaf, and the probe says %v", err)
	}
	eventually(t, "another connection", func() bool { return b.Probe(t.Context()) == nil })
	server.Kill()
	if err := b.Probe(t.Context()); !errors.Is(err, pubsub.ErrUnavailable) {
		t.Errorf("no server, and the probe says %v", err)
	}
	server.Restart()
	eventually(t, "a connection to the new server", func() bool { return b.Probe(t.Context()) == nil })
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Probe(t.Context()); !errors.Is(err, pubsub.ErrClosed) {
		t.Errorf("closed, and the probe says %v", err)
	}
}

func TestForgottenHistoryIsABreak(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	b, w := watch(t, redis.Options{URL: server.URL()}, "busy", "silent")
	for n := range 5 {
		insist(t, b, "busy", fmt.Sprint(n))
		insist(t, b, "silent", fmt.Sprint(n))
	}
	eventually(t, "deliveries", func() bool { return w.at("busy").Offset == 5 && w.at("silent").Offset == 5 })
	before := w.at("busy")
	server.Do("FLUSHALL")
	after := insist(t, b, "busy", "after")
	if after.Epoch == before.Epoch || after.Offset != 1 {
		t.Fatalf("after %v came %v", before, after)
	}
	for _, channel := range []string{"busy", "silent"} {
		eventually(t, "the break of "+channel, func() bool { _, ok := w.broken(channel); return ok })
	}
	last := insist(t, b, "busy", "last")
	eventually(t, "what follows the break", func() bool { return w.at("busy") == last })
	_, err := b.History(t.Context(), "busy", pubsub.HistoryOptions{Since: &before, Limit: -1})
	if !errors.Is(err, pubsub.ErrUnrecoverable) {
		t.Errorf("history since %v: %v", before, err)
	}
}

func TestFailoverThatTakesBackPublicationsEndsTheEpoch(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	b, w := watch(t, redis.Options{URL: server.URL(), Prefix: "p"}, "a", "silent")
	for n := range 9 {
		insist(t, b, "a", fmt.Sprint(n))
		insist(t, b, "silent", fmt.Sprint(n))
	}
	eventually(t, "deliveries", func() bool { return w.at("a").Offset == 9 && w.at("silent").Offset == 9 })
	before := w.at("a")
	// A replica that had 7 of 9 is promoted.
	for _, channel := range []string{"a", "silent"} {
		server.Do("HSET", "p:head:{"+channel+"}", "o", "7")
		server.Do("XDEL", "p:stream:{"+channel+"}", "8-0", "9-0")
		server.Do("XSETID", "p:stream:{"+channel+"}", "7-0")
	}
	insist(t, b, "a", "eighth again")
	for _, channel := range []string{"a", "silent"} {
		eventually(t, "the break of "+channel, func() bool { _, ok := w.broken(channel); return ok })
	}
	if at, _ := w.broken("a"); at.Epoch == before.Epoch || at.Offset != 8 {
		t.Errorf("after %v the break is at %v", before, at)
	}
	last := insist(t, b, "a", "ninth again")
	if last.Epoch == before.Epoch {
		t.Errorf("%v goes on in the epoch of %v", last, before)
	}
	eventually(t, "what follows the break", func() bool { return w.at("a") == last })
	history, err := b.History(t.Context(), "a", pubsub.HistoryOptions{Limit: -1})
	if err != nil || len(history.Publications) != 9 {
		t.Errorf("history has %d publications, %v: what survived must stay", len(history.Publications), err)
	}
}

func TestLostLeaseIsTakenAgain(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	b, _ := watch(t, redis.Options{URL: server.URL(), Lease: time.Second})
	other, w := watch(t, redis.Options{URL: server.URL(), Lease: time.Second}, "a")
	if err := b.Enter(t.Context(), "a", pubsub.Member{ID: "ada", Data: []byte("Ada")}, pubsub.PresenceOptions{}); err != nil {
		t.Fatal(err)
	}
	server.Do("FLUSHALL")
	eventually(t, "who was forgotten", func() bool {
		members, err := other.Members(t.Context(), "a")
		return err == nil && len(members) == 1 && members[0].ID == "ada" && string(members[0].Data) == "Ada"
	})
	if err := b.Leave(t.Context(), "a", "ada"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.events) > 0 && w.events[len(w.events)-1] == "ada left=true"
	})
}

func TestLeavingDuringAnOutageHappensAfterIt(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{Append: true})
	b, _ := watch(t, redis.Options{URL: server.URL(), Timeout: time.Second, Lease: 20 * time.Second})
	if err := b.Enter(t.Context(), "a", pubsub.Member{ID: "ada"}, pubsub.PresenceOptions{}); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if err := b.Leave(t.Context(), "a", "ada"); !errors.Is(err, pubsub.ErrUnavailable) {
		t.Fatalf("leave: %v", err)
	}
	server.Restart()
	eventually(t, "the member to leave", func() bool {
		members, err := b.Members(t.Context(), "a")
		return err == nil && len(members) == 0
	})
}

func TestUnreachableServerIsToldInTime(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	b, _ := watch(t, redis.Options{URL: server.URL(), Timeout: 300 * time.Millisecond})
	server.Signal(syscall.SIGSTOP)
	began := time.Now()
	_, err := b.Publish(t.Context(), "a", nil, pubsub.PublishOptions{})
	if !errors.Is(err, pubsub.ErrUnavailable) {
		t.Errorf("publish: %v", err)
	}
	if err := b.Subscribe(t.Context(), "a"); !errors.Is(err, pubsub.ErrUnavailable) {
		t.Errorf("subscribe: %v", err)
	}
	if err := b.Unsubscribe(t.Context(), "a"); err != nil {
		t.Errorf("unsubscribe: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	server.Signal(syscall.SIGCONT)
	eventually(t, "the server to be reached again", func() bool {
		_, err := b.Publish(t.Context(), "a", nil, pubsub.PublishOptions{})
		return err == nil
	})
}
