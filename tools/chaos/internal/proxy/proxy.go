// Package proxy is a TCP proxy on the loopback that can be told to misbehave: to cut connections, to leave them half open, to
// delay them, and to let some overtake others.
package proxy

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Class is what a connection is for, as far as its bytes have told.
type Class int

// The classes of connections.
const (
	// Any is a connection like others, and in a fault every connection.
	Any Class = iota
	// Subscriber is a connection to Redis which has subscribed.
	Subscriber
	// Replica is a connection to Redis on which it replicates.
	Replica
)

// Proxy forwards what connects to it to one address. It is safe for concurrent use.
type Proxy struct {
	target   string
	listener net.Listener
	wg       sync.WaitGroup

	mu     sync.Mutex
	links  map[*link]bool
	rules  rules
	closed bool
}

// rules are how a proxy misbehaves for now.
type rules struct {
	refuse  bool
	delay   time.Duration // of every piece
	scatter time.Duration // the most that a connection is delayed by, each differently
}

// link is one connection through the proxy.
type link struct {
	client, server net.Conn

	mu           sync.Mutex
	class        Class
	muteToServer bool
	muteToClient bool
	scatter      float64 // of the most, between 0 and 1
}

// Start listens for what is to go to a target, host:port.
func Start(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // binds and returns at once
	if err != nil {
		return nil, fmt.Errorf("open a proxy for %s: %w", target, err)
	}
	p := &Proxy{target: target, listener: listener, links: make(map[*link]bool)}
	p.wg.Go(p.accept)
	return p, nil
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Close ends the proxy and all its connections.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Cut(Any)
	p.wg.Wait()
}

// Refuse has the proxy close every new connection at once, or accept them again.
func (p *Proxy) Refuse(refuse bool) { p.set(func(r *rules) { r.refuse = refuse }) }

// Delay holds back everything by so much; zero ends it.
func (p *Proxy) Delay(d time.Duration) { p.set(func(r *rules) { r.delay = d }) }

// Scatter delays each connection by another part of so much, so that what is sent on one overtakes what was sent before on
// another. Within a connection the order stays. Zero ends it.
func (p *Proxy) Scatter(d time.Duration) { p.set(func(r *rules) { r.scatter = d }) }

func (p *Proxy) set(change func(*rules)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.rules)
}

// Cut ends all connections of a class, and says how many.
func (p *Proxy) Cut(class Class) int {
	n := 0
	for _, l := range p.of(class) {
		l.close()
		n++
	}
	return n
}

// Direction says which bytes are meant.
type Direction int

// The directions of bytes.
const (
	// Both is to the server and from it.
	Both Direction = iota
	// FromServer is what the server answers.
	FromServer
)

// Mute has all present connections of a class swallow what comes, without ending: they are half open. The returned function
// ends them; new connections are not concerned.
func (p *Proxy) Mute(class Class, direction Direction) (end func()) {
	links := p.of(class)
	for _, l := range links {
		l.mu.Lock()
		l.muteToClient, l.muteToServer = true, direction == Both
		l.mu.Unlock()
	}
	return func() {
		for _, l := range links {
			l.close()
		}
	}
}

func (p *Proxy) of(class Class) []*link {
	p.mu.Lock()
	defer p.mu.Unlock()
	var links []*link
	for l := range p.links {
		l.mu.Lock()
		if class == Any || class == l.class {
			links = append(links, l)
		}
		l.mu.Unlock()
	}
	return links
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		refuse := p.rules.refuse || p.closed
		p.mu.Unlock()
		if refuse {
			_ = client.Close()
			continue
		}
		p.wg.Go(func() { p.forward(client) })
	}
}

// dialTime is how long a target may take; on the loopback it answers at once or is not there.
const dialTime = 2 * time.Second

func (p *Proxy) forward(client net.Conn) {
	dialer := net.Dialer{Timeout: dialTime}
	server, err := dialer.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	l := &link{client: client, server: server, scatter: rand.Float64()} //nolint:gosec // no secret
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		l.close()
		return
	}
	p.links[l] = true
	p.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() { p.copy(l, server, client, true) })
	wg.Go(func() { p.copy(l, client, server, false) })
	wg.Wait()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// piece is some bytes, and when they are to go on.
type piece struct {
	data []byte
	at   time.Time
}

// pieces is how many may be on their way: a delay must not hold up the reading, or it would be a limit of the rate.
const pieces = 1024

// copy forwards one direction until either side ends, and then ends both.
func (p *Proxy) copy(l *link, to, from net.Conn, toServer bool) {
	defer l.close()
	queue := make(chan piece, pieces)
	stopped := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(stopped)
		defer l.close()
		for next := range queue {
			if wait := time.Until(next.at); wait > 0 {
				<-time.After(wait)
			}
			if _, err := to.Write(next.data); err != nil {
				return
			}
		}
	})
	defer wg.Wait()
	defer close(queue)
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !l.swallows(buffer[:n], toServer) {
			select {
			case queue <- piece{bytes.Clone(buffer[:n]), time.Now().Add(p.delayOf(l))}:
			case <-stopped:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) delayOf(l *link) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rules.delay + time.Duration(l.scatter*float64(p.rules.scatter))
}

// swallows learns what the connection is for, and says whether the bytes are to be dropped.
func (l *link) swallows(data []byte, toServer bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if toServer && l.class == Any {
		switch upper := bytes.ToUpper(data); {
		case bytes.Contains(upper, []byte("SUBSCRIBE\r\n")):
			l.class = Subscriber
		case bytes.Contains(upper, []byte("PSYNC\r\n")):
			l.class = Replica
		}
	}
	if toServer {
		return l.muteToServer
	}
	return l.muteToClient
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}
