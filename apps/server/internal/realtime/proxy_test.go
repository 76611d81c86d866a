package realtime_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// wire carries connections to a server, and can be cut.
type wire struct {
	url      string
	listener net.Listener

	mu      sync.Mutex
	address string
	refused bool
	open    map[net.Conn]struct{}
	carrier sync.WaitGroup
}

// startWire starts a wire to a WebSocket's address.
func startWire(t *testing.T, url string) *wire {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{url: "ws://" + listener.Addr().String(), listener: listener, open: map[net.Conn]struct{}{}}
	w.target(url)
	w.carrier.Go(w.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		w.cut()
		w.carrier.Wait()
	})
	return w
}

// target has new connections go to another server.
func (w *wire) target(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.address = strings.TrimPrefix(url, "ws://")
}

// refuse has new connections end at once, or not.
func (w *wire) refuse(refused bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = refused
}

// cut ends what is connected, without a word.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.open {
		_ = conn.Close()
	}
	clear(w.open)
}

func (w *wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		far, err := net.Dial("tcp", w.address) //nolint:noctx // loopback answers at once
		if err != nil || w.refused {
			_ = near.Close()
			if far != nil {
				_ = far.Close()
			}
			w.mu.Unlock()
			continue
		}
		w.open[near], w.open[far] = struct{}{}, struct{}{}
		w.mu.Unlock()
		w.carry(near, far)
		w.carry(far, near)
	}
}

// carry copies one way, and ends both ways with it.
func (w *wire) carry(from, to net.Conn) {
	w.carrier.Go(func() {
		_, _ = io.Copy(to, from)
		_ = from.Close()
		_ = to.Close()
	})
}

// shared is a broker in memory that several hubs run, as if they were processes.
type shared struct {
	pubsub.Broker

	mu       sync.Mutex
	handlers map[pubsub.Handler]struct{}
}

func newShared(t *testing.T) *shared {
	t.Helper()
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &shared{Broker: broker, handlers: map[pubsub.Handler]struct{}{}}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- broker.Run(ctx, s) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the broker ended with: %v", err)
		}
		_ = broker.Close()
	})
	return s
}

// member is the broker as one hub sees it.
func (s *shared) member() pubsub.Broker { return &sharing{s} }

type sharing struct{ *shared }

func (s *sharing) Run(ctx context.Context, handler pubsub.Handler) error {
	s.mu.Lock()
	s.handlers[handler] = struct{}{}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	delete(s.handlers, handler)
	s.mu.Unlock()
	return nil
}

// Unsubscribe keeps what another hub may need.
func (*sharing) Unsubscribe(context.Context, string) error { return nil }

func (s *shared) each(tell func(pubsub.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for handler := range s.handlers {
		tell(handler)
	}
}

func (s *shared) HandlePublication(channel string, publication pubsub.Publication) {
	s.each(func(h pubsub.Handler) { h.HandlePublication(channel, publication) })
}

func (s *shared) HandlePresence(channel string, event pubsub.PresenceEvent) {
	s.each(func(h pubsub.Handler) { h.HandlePresence(channel, event) })
}

func (s *shared) HandlePresenceStats(channel string, stats pubsub.PresenceStats) {
	s.each(func(h pubsub.Handler) { h.HandlePresenceStats(channel, stats) })
}

func (s *shared) HandleBreak(channel string, position pubsub.Position) {
	s.each(func(h pubsub.Handler) { h.HandleBreak(channel, position) })
}
