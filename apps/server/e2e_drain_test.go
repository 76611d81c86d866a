//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"

	"magpie.build/packages/pubsub/redis/redistest"
)

// drainedChannel is what everybody of TestStoppingUnderLoadLosesNothing is subscribed to.
const drainedChannel = "load:drained"

// TestStoppingUnderLoadLosesNothing stops one of two servers while public clients publish and listen through
// both: all come back to the other, and have each acknowledged publication once and in order.
func TestStoppingUnderLoadLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	t.Parallel()
	redis := redistest.Start(t, redistest.Options{})
	env := []string{"REDIS_URL=" + redis.URL(), "REALTIME_INSECURE=true", "DRAIN_DELAY=200ms", "DRAIN_PER_SECOND=20"}
	one, two := start(t, env...), start(t, env...)
	front := balance(t, one, two)
	url := "ws" + strings.TrimPrefix(front.url(), "http") + "/connection/websocket"

	var listeners []*listening
	for i := range 12 {
		front.prefer([]*server{one, two}[i%2])
		listeners = append(listeners, hear(t, url))
	}
	front.prefer(one)
	ctx, cancel := context.WithCancel(t.Context())
	var publishers []*publishing
	var wg sync.WaitGroup
	for i := range 4 {
		p := &publishing{name: fmt.Sprint(i), client: connect(t, url)}
		publishers = append(publishers, p)
		wg.Go(func() { p.run(ctx) })
	}
	until(t, "something is said", func() bool { return publishers[0].count() > 20 })

	if err := one.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "the server says that it is not ready", func() bool {
		status, _ := readiness(t, one)
		return status != http.StatusOK
	})
	front.prefer(two) // as a balancer does now
	if err := one.wait(); err != nil {
		t.Fatalf("the server ended badly: %v\n%s", err, one.log)
	}
	said := publishers[0].count()
	until(t, "publishers go on", func() bool { return publishers[0].count() > said+20 })
	cancel()
	wg.Wait()

	var acknowledged []string
	for _, p := range publishers {
		acknowledged = append(acknowledged, p.acknowledged...)
	}
	t.Logf("%d publications were acknowledged", len(acknowledged))
	for _, l := range listeners {
		until(t, "a listener has all that was acknowledged", func() bool { return l.lacks(acknowledged) == "" })
		l.check(t)
	}
}

// connect connects a public client until the test ends.
func connect(t *testing.T, url string) *centrifuge.Client {
	t.Helper()
	c := centrifuge.NewJsonClient(url, centrifuge.Config{MinReconnectDelay: 10 * time.Millisecond, MaxReconnectDelay: 200 * time.Millisecond})
	t.Cleanup(c.Close)
	if err := c.Connect(); err != nil {
		t.Fatal(err)
	}
	until(t, "a client connects", func() bool { return c.State() == centrifuge.StateConnected })
	return c
}

// listening is a client that notes what it hears.
type listening struct {
	mu      sync.Mutex
	heard   map[string]int
	offsets []uint64
	lost    int
}

func hear(t *testing.T, url string) *listening {
	t.Helper()
	l := &listening{heard: map[string]int{}}
	s, err := connect(t, url).NewSubscription(drainedChannel)
	if err != nil {
		t.Fatal(err)
	}
	s.OnPublication(func(e centrifuge.PublicationEvent) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.heard[string(e.Data)]++
		l.offsets = append(l.offsets, e.Offset)
	})
	s.OnSubscribed(func(e centrifuge.SubscribedEvent) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if e.WasRecovering && !e.Recovered {
			l.lost++
		}
	})
	if err := s.Subscribe(); err != nil {
		t.Fatal(err)
	}
	until(t, "a client subscribes", func() bool { return s.State() == centrifuge.SubStateSubscribed })
	return l
}

// lacks returns something that was not heard, or nothing.
func (l *listening) lacks(acknowledged []string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range acknowledged {
		if l.heard[text] == 0 {
			return text
		}
	}
	return ""
}

// check fails the test if the client heard anything twice or out of order, or was told of a loss.
func (l *listening) check(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.IsSorted(l.offsets) || len(slices.Compact(slices.Clone(l.offsets))) != len(l.offsets) {
		t.Error("a listener heard something twice, or out of order")
	}
	if l.lost > 0 {
		t.Errorf("a listener was told %d times that it missed something", l.lost)
	}
}

// publishing is a client that says one thing after another.
type publishing struct {
	name   string
	client *centrifuge.Client

	mu           sync.Mutex
	acknowledged []string
}

// run publishes until ctx ends. What is not acknowledged may have been said or not; it is not said again.
func (p *publishing) run(ctx context.Context) {
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		text := fmt.Sprintf(`"%s-%d"`, p.name, n)
		if _, err := p.client.Publish(ctx, drainedChannel, []byte(text)); err == nil {
			p.mu.Lock()
			p.acknowledged = append(p.acknowledged, text)
			p.mu.Unlock()
		}
	}
}

func (p *publishing) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.acknowledged)
}

// until polls until something is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(patience); !so(); <-poll.C {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come about that %s", what)
		}
	}
}
