package redistest

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy passes connections on to a server until it is cut, as a network does.
type Proxy struct {
	// Addr is host:port, where clients connect.
	Addr string

	listener net.Listener
	wg       sync.WaitGroup

	mu     sync.Mutex
	target string
	cut    bool
	links  map[*link]struct{}
}

// link is one connection passed on.
type link struct {
	client, server net.Conn
	muted          atomic.Bool
	swallowed      atomic.Bool
}

// NewProxy starts a proxy to target, host:port. It ends with the test.
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed with the test
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{Addr: listener.Addr().String(), target: target, listener: listener, links: make(map[*link]struct{})}
	p.wg.Go(p.accept)
	tb.Cleanup(func() {
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
	for l := range p.links {
		l.close()
	}
}

// Mend lets new connections through again.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

// Lead has new connections go to another server, as an address does that always names the master.
func (p *Proxy) Lead(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Mute swallows what the server publishes over the connections that there are now. They stay open,
// answers come through, and so both ends believe that all is well: as when a client stays subscribed
// to a server that is no longer the master.
func (p *Proxy) Mute() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.muted.Store(true)
	}
}

// Swallow leaves the connections that there are now open and passes nothing on any more, in either
// direction: as when a host vanishes without a word.
func (p *Proxy) Swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.swallowed.Store(true)
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		target := p.target
		p.mu.Unlock()
		server, err := net.Dial("tcp", target) //nolint:noctx // loopback
		if err != nil {
			_ = client.Close()
			continue
		}
		p.join(&link{client: client, server: server})
	}
}

func (p *Proxy) join(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		l.close()
		return
	}
	p.links[l] = struct{}{}
	p.wg.Go(func() { l.pass(l.server, l.client, nil); p.drop(l) })
	p.wg.Go(func() { l.pass(l.client, l.server, &l.muted); p.drop(l) })
}

func (p *Proxy) drop(l *link) {
	l.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}

// pass copies until either end closes.
func (l *link) pass(to, from net.Conn, muted *atomic.Bool) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if l.swallowed.Load() {
			continue
		}
		if muted != nil && muted.Load() && published(buffer[:n]) {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// published reports whether what a server sends begins with a publication: a push of RESP3, or of RESP2 a list
// that says so.
func published(sent []byte) bool {
	return sent[0] == '>' || bytes.HasPrefix(sent, []byte("*3\r\n$7\r\nmessage"))
}
