package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"magpie.build/packages/pubsub"
)

const (
	// batchSize is how many channels one command names at most.
	batchSize = 512
	// probeEvery is how often the broker publishes to itself, to find out whether it still hears.
	probeEvery = 2 * time.Second
	// deaf is how many probes that the server accepted may be outstanding before the connection
	// counts as dead.
	deaf = 3
	// auditEvery is how often a batch of channels at rest is compared with the server: each channel
	// within ten seconds up to 2,560 of them, then in rotation.
	auditEvery = 2 * time.Second
)

// receiver owns the connection that is subscribed. Its one goroutine says what is subscribed there,
// so nothing about that can race; messages come on the connection's own goroutine, which only hands
// them to the dispatcher.
type receiver struct {
	broker   *Broker
	requests chan *request
	pending  []*request // taken, not answered
	rotation []string   // channels still to audit
	probeID  string
	unheard  atomic.Int64 // probes that were accepted since something was heard
	echoes   echoes
	wanted   chan struct{} // somebody asks for a connection
	ended    chan struct{}
}

// request asks to receive a channel, or to do so no more.
type request struct {
	ctx       context.Context
	channel   string
	subscribe bool
	done      chan struct{} // closed when it is so
}

func newReceiver(b *Broker) *receiver {
	return &receiver{broker: b, probeID: rand.Text(), requests: make(chan *request, batchSize), wanted: make(chan struct{}, 1), ended: make(chan struct{})}
}

// join waits until the channel is received.
func (r *receiver) join(ctx context.Context, channel string) error {
	q := &request{ctx: ctx, channel: channel, subscribe: true, done: make(chan struct{})}
	if err := r.ask(ctx, q); err != nil {
		return err
	}
	select {
	case <-q.done:
		return nil
	case <-r.ended:
		return pubsub.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave has the channel received no more. The connection learns of it later, but before any request
// that comes after.
func (r *receiver) leave(ctx context.Context, channel string) error {
	r.broker.dispatcher.Remove(channel)
	return r.ask(ctx, &request{ctx: ctx, channel: channel, done: make(chan struct{})})
}

// ask hands a request to the goroutine.
func (r *receiver) ask(ctx context.Context, q *request) error {
	select {
	case r.requests <- q:
		return nil
	case <-r.ended:
		return pubsub.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run keeps a connection until ctx ends. It opens the first when somebody subscribes or probes.
func (r *receiver) run(ctx context.Context) {
	defer close(r.ended)
	if !r.take(ctx) {
		return
	}
	for wait := time.Duration(0); ctx.Err() == nil; {
		began := time.Now()
		err := r.connection(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > 10*time.Second {
			wait = 0
		}
		wait = min(max(2*wait, 50*time.Millisecond), 2*time.Second)
		r.broker.log.Warn("redis subscription lost, connecting again", "redis", r.broker.name, "error", err.Error(), "wait", wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + mathrand.N(wait/2)): //nolint:gosec // jitter is no secret
		}
	}
}

// take waits until somebody needs a connection.
func (r *receiver) take(ctx context.Context) bool {
	select {
	case q := <-r.requests:
		r.pending = append(r.pending, q)
		return true
	case <-r.wanted:
		return true
	case <-ctx.Done():
		return false
	}
}

// connection subscribes to everything on a new connection and serves it until it dies.
func (r *receiver) connection(ctx context.Context) error {
	conn, release := r.broker.client.Dedicate()
	defer release()
	defer conn.Close()
	dead := conn.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: r.message})
	r.unheard.Store(0)
	r.rotation = nil
	if err := r.subscribe(ctx, conn, r.broker.keys.probe(r.probeID)); err != nil {
		return err
	}
	for batch := range slices.Chunk(r.broker.dispatcher.Channels(), batchSize) {
		if err := r.begin(ctx, conn, batch); err != nil {
			return err
		}
	}
	return r.serve(ctx, conn, dead)
}

// serve does what is asked until the connection dies.
func (r *receiver) serve(ctx context.Context, conn rueidis.DedicatedClient, dead <-chan error) error {
	probe, audit := time.NewTicker(probeEvery), time.NewTicker(auditEvery)
	defer probe.Stop()
	defer audit.Stop()
	for {
		if err := r.answer(ctx, conn); err != nil {
			return err
		}
		var err error
		select {
		case q := <-r.requests:
			r.pending = append(r.pending, q)
		case err = <-dead:
			return fmt.Errorf("connection ended: %v", err)
		case <-probe.C:
			err = r.probe(ctx)
		case <-audit.C:
			r.audit(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// answer does what is pending, and what is waiting behind it, in batches of one kind.
func (r *receiver) answer(ctx context.Context, conn rueidis.DedicatedClient) error {
	for len(r.requests) > 0 && len(r.pending) < batchSize {
		r.pending = append(r.pending, <-r.requests)
	}
	for len(r.pending) > 0 {
		kind := r.pending[0].subscribe
		n := slices.IndexFunc(r.pending, func(q *request) bool { return q.subscribe != kind })
		if n < 0 {
			n = len(r.pending)
		}
		if err := r.settle(ctx, conn, r.pending[:n], kind); err != nil {
			return err
		}
		for _, q := range r.pending[:n] {
			close(q.done)
		}
		r.pending = slices.Delete(r.pending, 0, n)
	}
	return nil
}

// settle does requests of one kind.
func (r *receiver) settle(ctx context.Context, conn rueidis.DedicatedClient, requests []*request, subscribe bool) error {
	var changed []string
	for _, q := range requests {
		if subscribe && q.ctx.Err() == nil && r.broker.dispatcher.Add(q.channel) {
			changed = append(changed, q.channel)
		}
		if !subscribe {
			r.broker.dispatcher.Remove(q.channel)
			changed = append(changed, q.channel)
		}
	}
	switch {
	case len(changed) == 0:
		return nil
	case subscribe:
		return r.begin(ctx, conn, changed)
	}
	ctx, cancel := context.WithTimeout(ctx, r.broker.timeout)
	defer cancel()
	return conn.Do(ctx, conn.B().Unsubscribe().Channel(r.feeds(changed)...).Build()).Error()
}

// begin subscribes to channels that the dispatcher has, and only then asks where each of them is: so
// whatever is published later arrives, and whatever was missed is noticed.
func (r *receiver) begin(ctx context.Context, conn rueidis.DedicatedClient, channels []string) error {
	if err := r.subscribe(ctx, conn, r.feeds(channels)...); err != nil {
		return err
	}
	return r.compare(ctx, channels)
}

func (r *receiver) subscribe(ctx context.Context, conn rueidis.DedicatedClient, feeds ...string) error {
	ctx, cancel := context.WithTimeout(ctx, r.broker.timeout)
	defer cancel()
	return conn.Do(ctx, conn.B().Subscribe().Channel(feeds...).Build()).Error()
}

// compare tells the dispatcher where the histories of channels end.
func (r *receiver) compare(ctx context.Context, channels []string) error {
	ctx, cancel := context.WithTimeout(ctx, r.broker.timeout)
	defer cancel()
	client := r.broker.client
	commands := make(rueidis.Commands, len(channels))
	for i, channel := range channels {
		commands[i] = client.B().Hmget().Key(r.broker.keys.head(channel)).Field("e", "o").Build()
	}
	for i, result := range client.DoMulti(ctx, commands...) {
		top, err := parseHead(result)
		if err != nil {
			return err
		}
		r.broker.dispatcher.Start(channels[i], top)
		r.broker.dispatcher.Compare(channels[i], top)
	}
	return nil
}

// probe publishes to this process, and says when it seems to hear nothing any more. That the server
// cannot be reached with commands is no sign of it.
func (r *receiver) probe(ctx context.Context) error {
	if n := r.unheard.Load(); n >= deaf {
		return fmt.Errorf("%d probes were accepted and none arrived", n)
	}
	ctx, cancel := context.WithTimeout(ctx, probeEvery)
	defer cancel()
	client := r.broker.client
	feed := r.broker.keys.probe(r.probeID)
	if err := client.Do(ctx, client.B().Publish().Channel(feed).Message("").Build()).Error(); err == nil {
		r.unheard.Add(1)
	}
	return nil
}

// audit compares some channels with the server; a failure is for the probe to judge.
func (r *receiver) audit(ctx context.Context) {
	if len(r.rotation) == 0 {
		r.rotation = r.broker.dispatcher.Channels()
	}
	n := min(batchSize, len(r.rotation))
	batch := r.rotation[:n]
	r.rotation = r.rotation[n:]
	if err := r.compare(ctx, batch); err != nil {
		r.broker.log.Warn("channels cannot be compared with redis", "redis", r.broker.name, "error", err.Error())
	}
}

// message is called on the connection's goroutine and must not wait for anything.
func (r *receiver) message(m rueidis.PubSubMessage) {
	r.unheard.Store(0)
	channel, ok := r.broker.keys.channel(m.Channel)
	if !ok {
		r.echoes.heard(m.Message)
		return
	}
	p, err := parsePayload(m.Message)
	switch {
	case err != nil:
		r.broker.log.Warn("payload from redis is not understood", "channel", channel, "bytes", len(m.Message))
	case p.presence != nil:
		r.broker.dispatcher.Presence(channel, *p.presence)
	default:
		r.broker.dispatcher.Publish(channel, p.publication)
	}
}

func (r *receiver) feeds(channels []string) []string {
	feeds := make([]string, len(channels))
	for i, channel := range channels {
		feeds[i] = r.broker.keys.feed(channel)
	}
	return feeds
}
