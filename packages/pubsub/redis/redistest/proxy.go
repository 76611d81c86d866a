package redistest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy passes connections on to a server until it is cut, as a network does.
type Proxy struct {
	// Addr is host:port, where clients connect.
	Addr string

	target   string
	listener net.Listener
	wg       sync.WaitGroup

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

// NewProxy starts a proxy to target, host:port. It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed with the test
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: listener.Addr().String(), target: target, listener: listener}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		p.Cut()
		_ = listener.Close()
		p.wg.Wait()
	})
	return p
}

// Cut ends all connections; new ones end at once until Mend.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

// Mend lets new connections through again.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target) //nolint:noctx // loopback
		if err != nil {
			_ = client.Close()
			continue
		}
		if !p.keep(client, server) {
			_ = client.Close()
			_ = server.Close()
			continue
		}
		p.wg.Go(func() { pass(client, server) })
		p.wg.Go(func() { pass(server, client) })
	}
}

// keep remembers both ends for Cut, or reports false.
func (p *Proxy) keep(client, server net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		return false
	}
	p.conns = append(p.conns, client, server)
	return true
}

// pass copies until either end closes, and then closes both.
func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from) // a cut is what the proxy is for
	_ = to.Close()
	_ = from.Close()
}
