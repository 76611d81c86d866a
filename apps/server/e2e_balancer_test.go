package main

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// balancer stands before several servers as a load balancer does: it takes each new connection to the
// first server that answers, beginning with the preferred one.
type balancer struct {
	listener net.Listener
	backends []string
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	next  int
}

// balance starts a balancer, which ends with the test.
func balance(t *testing.T, servers ...*server) *balancer {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{listener: listener, conns: make(map[net.Conn]struct{})}
	for _, s := range servers {
		b.backends = append(b.backends, strings.TrimPrefix(s.url, "http://"))
	}
	b.wg.Go(b.accept)
	t.Cleanup(b.close)
	return b
}

func (b *balancer) url() string { return "http://" + b.listener.Addr().String() }

// prefer takes all new connections to one server for as long as it answers.
func (b *balancer) prefer(s *server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, backend := range b.backends {
		if strings.HasSuffix(s.url, backend) {
			b.next = i
		}
	}
}

func (b *balancer) accept() {
	for {
		client, err := b.listener.Accept()
		if err != nil {
			return
		}
		server := b.dial()
		if server == nil {
			_ = client.Close()
			continue
		}
		b.mu.Lock()
		b.conns[client], b.conns[server] = struct{}{}, struct{}{}
		b.mu.Unlock()
		b.wg.Go(func() { b.pass(client, server) })
		b.wg.Go(func() { b.pass(server, client) })
	}
}

func (b *balancer) dial() net.Conn {
	b.mu.Lock()
	first := b.next
	b.mu.Unlock()
	for i := range b.backends {
		var dialer net.Dialer
		if conn, err := dialer.Dial("tcp", b.backends[(first+i)%len(b.backends)]); err == nil {
			return conn
		}
	}
	return nil
}

func (b *balancer) pass(to, from net.Conn) {
	_, _ = io.Copy(to, from) // either side may end it, in any way
	_, _ = to.Close(), from.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, to)
	delete(b.conns, from)
}

func (b *balancer) close() {
	_ = b.listener.Close()
	b.mu.Lock()
	for conn := range b.conns {
		_ = conn.Close()
	}
	b.mu.Unlock()
	b.wg.Wait()
}
