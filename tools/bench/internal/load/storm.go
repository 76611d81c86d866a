package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"magpie.build/tools/bench/internal/server"
	"magpie.build/tools/bench/internal/wire"
)

// Storm is what happens when one of several servers is killed and its clients come back to the others.
type Storm struct {
	Clients  int `json:"clients"`
	Channels int `json:"channels"`
	// Displaced is how many clients the killed server had, Unrecovered how many of them were told that they had missed
	// something that is gone.
	Displaced   int `json:"displaced"`
	Unrecovered int `json:"unrecovered"`
	// Took is from the kill until the last of them was back.
	Took time.Duration `json:"took_ns"`
	// P99 is of the other servers' clients, from the kill until everybody was back.
	P99 time.Duration `json:"bystanders_p99_ns"`
	// Faults are counted over everybody, from beginning to end.
	Faults Faults `json:"faults"`
	// Reads is how often Redis was asked for history meanwhile.
	Reads int64 `json:"redis_history_reads"`
}

// StormShape bounds a storm. All fields are required.
type StormShape struct {
	Clients, Channels int
	// Rate is how many publications a second enter all channels together.
	Rate float64
	// Calm is how long all goes well before and after.
	Calm time.Duration
	// Patience is how long everybody may take to come back.
	Patience time.Duration
}

// A stormClient subscribes to one channel, and comes back when its connection ends.
type stormClient struct {
	storm   *storm
	channel int
	addr    int // where it is connected

	position               wire.Position
	last                   atomic.Int64 // the newest sequence number, all before which it has got or lost
	faults                 Faults
	displaced, unrecovered bool
}

type storm struct {
	addrs      []string
	channels   []string
	started    time.Time
	killed     atomic.Int64 // since started, zero before
	over       atomic.Bool
	back       atomic.Int64
	bystanders histogram

	mu    sync.Mutex
	conns map[*wire.Conn]bool
}

// MeasureStorm kills the last of several servers.
func MeasureStorm(ctx context.Context, g server.Group, redis *server.Redis, shape StormShape) (Storm, error) {
	s := &storm{addrs: g.Addrs(), started: time.Now(), conns: map[*wire.Conn]bool{}}
	for i := range shape.Channels {
		s.channels = append(s.channels, fmt.Sprintf("history:storm-%d-%d", s.started.UnixNano(), i))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clients := make([]*stormClient, shape.Clients)
	var ready, running sync.WaitGroup
	gate := make(chan struct{}, joinsAtOnce)
	for i := range clients {
		c := &stormClient{storm: s, channel: i % shape.Channels, addr: i / shape.Channels % len(s.addrs)}
		clients[i] = c
		ready.Add(1)
		running.Go(func() { c.run(ctx, gate, ready.Done) })
	}
	defer func() {
		s.over.Store(true)
		cancel()
		s.closeAll()
		running.Wait()
	}()
	ready.Wait()

	publishing, stop := context.WithCancel(ctx)
	defer stop()
	published := make(chan []int64, 1)
	publisher, err := wire.Join(ctx, wire.Centrifuge{}, s.addrs[0], "")
	if err != nil {
		return Storm{}, err
	}
	defer func() { _ = publisher.Close() }()
	var answers sync.WaitGroup
	answers.Go(func() { _ = publisher.Receive(func(wire.Publication) {}, func(error) {}) })
	go func() { published <- s.publish(publishing, publisher, shape.Rate) }()
	if err := wait(ctx, shape.Calm); err != nil {
		return Storm{}, err
	}

	result := Storm{Clients: shape.Clients, Channels: shape.Channels}
	for _, c := range clients {
		if c.addr == len(s.addrs)-1 {
			result.Displaced++
		}
	}
	before, err := redis.Calls(ctx)
	if err != nil {
		return result, err
	}
	kill := time.Now()
	s.killed.Store(int64(kill.Sub(s.started)))
	if err := g[len(g)-1].Kill(); err != nil {
		return result, err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for int(s.back.Load()) < result.Displaced && time.Since(kill) < shape.Patience {
		<-tick.C
	}
	result.Took = time.Since(kill)
	result.P99 = s.bystanders.quantile(0.99)
	after, err := redis.Calls(ctx)
	if err != nil {
		return result, err
	}
	for _, name := range []string{"xrange", "xrevrange"} {
		result.Reads += after[name] - before[name]
	}
	if err := wait(ctx, shape.Calm); err != nil {
		return result, err
	}
	stop()
	sent := <-published
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && !everybodyHas(clients, sent); {
		<-tick.C
	}
	s.over.Store(true)
	cancel()
	s.closeAll()
	running.Wait()
	_ = publisher.Close()
	answers.Wait()
	for _, c := range clients {
		c.faults.Lost += max(0, sent[c.channel]-c.last.Load())
		result.Faults = result.Faults.plus(c.faults)
		if c.unrecovered {
			result.Unrecovered++
		}
	}
	return result, nil
}

func everybodyHas(clients []*stormClient, sent []int64) bool {
	for _, c := range clients {
		if c.last.Load() < sent[c.channel] {
			return false
		}
	}
	return true
}

// publish publishes to one channel after another until ctx ends, and returns how many went to each.
func (s *storm) publish(ctx context.Context, publisher *wire.Conn, rate float64) []int64 {
	sent := make([]int64, len(s.channels))
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	for i := 0; ; i = (i + 1) % len(sent) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return sent
		}
		p := wire.Publication{Seq: sent[i] + 1, At: int64(time.Since(s.started))}
		if publisher.Publish(s.channels[i], p, 128) != nil {
			return sent
		}
		sent[i]++
	}
}

func (s *storm) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

// keep notes a connection as long as it lasts.
func (s *storm) keep(c *wire.Conn, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if open {
		s.conns[c] = true
	} else {
		delete(s.conns, c)
	}
	if open && s.over.Load() {
		_ = c.Close()
	}
}

// run connects, and again whenever that ends: at once the first time, spread over half a second, and then over twice as
// long each time, as the protocol's client libraries do. gate bounds how many begin at once; ready is called once.
func (c *stormClient) run(ctx context.Context, gate chan struct{}, ready func()) {
	var once sync.Once
	defer once.Do(ready)
	delay := 500 * time.Millisecond
	var since *wire.Position
	for !c.storm.over.Load() {
		gate <- struct{}{}
		conn, answer, err := c.connect(ctx, since)
		<-gate
		if err == nil {
			c.storm.keep(conn, true)
			c.welcome(answer, since != nil)
			once.Do(ready)
			delay = 500 * time.Millisecond
			_ = conn.Receive(c.receive, func(error) {})
			c.storm.keep(conn, false)
			_ = conn.Close()
			since = &wire.Position{Epoch: c.position.Epoch, Offset: c.position.Offset + uint64(c.last.Load())}
		} else if since == nil {
			return // the storm has not begun
		}
		if c.storm.killed.Load() > 0 {
			c.displaced = true
		}
		if wait(ctx, rand.N(delay)) != nil { //nolint:gosec // spread, not secret
			return
		}
		delay = min(2*delay, 20*time.Second)
		c.addr = rand.IntN(len(c.storm.addrs)) //nolint:gosec // see above
	}
}

// connect tries one server, and then the others, as the balancer does that clients connect through.
func (c *stormClient) connect(ctx context.Context, since *wire.Position) (conn *wire.Conn, answer wire.Subscribed, err error) {
	for range c.storm.addrs {
		conn, answer, err = wire.Subscribe(ctx, c.storm.addrs[c.addr], c.storm.channels[c.channel], since)
		if err == nil || ctx.Err() != nil {
			break
		}
		c.addr = (c.addr + 1) % len(c.storm.addrs)
	}
	return conn, answer, err
}

// welcome takes what a subscribe was answered.
func (c *stormClient) welcome(answer wire.Subscribed, again bool) {
	if !again {
		c.position = answer.Position
	}
	if again && !answer.Recovered {
		c.unrecovered = true
	}
	for _, p := range answer.Missed {
		c.take(p)
	}
	if again && c.displaced {
		c.displaced = false
		c.storm.back.Add(1)
	}
}

func (c *stormClient) receive(p wire.Publication) {
	if killed := c.storm.killed.Load(); killed > 0 && p.At >= killed && !c.displaced {
		c.storm.bystanders.add(time.Since(c.storm.started) - time.Duration(p.At))
	}
	c.take(p)
}

func (c *stormClient) take(p wire.Publication) {
	switch last := c.last.Load(); {
	case p.Seq <= last:
		c.faults.Doubled++
		return
	case p.Seq > last+1:
		c.faults.Lost += p.Seq - last - 1
	}
	c.last.Store(p.Seq)
}
