package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"magpie.build/packages/pubsub"
)

const (
	// batchSize is how many channels one command names at most.
	batchSize = 512
	// probeEvery is how often the broker publishes to itself, to find out whether it still hears.
	probeEvery = 1500 * time.Millisecond
	// deaf is how many probes that the server accepted may be outstanding before the connection
	// counts as dead.
	deaf = 3
	// auditEvery is how often a batch of channels at rest is compared with the server: each channel
	// within ten seconds up to 2,560 of them, then in rotation.
	auditEvery = 2 * time.Second
)

// feeds is how a broker hears: over one connection, or over one to each node of a cluster.
type feeds interface {
	// join waits until the channel is received.
	join(ctx context.Context, channel string) error
	// leave has the channel received no more.
	leave(ctx context.Context, channel string) error
	// echo publishes to this process until it hears itself, or ctx ends.
	echo(ctx context.Context) error
	// run does all that until ctx ends.
	run(ctx context.Context)
}

// receiver owns a connection that is subscribed. One goroutine says what is subscribed there, so
// nothing about that can race; messages come on the connection's own goroutine, which only hands
// them to the dispatcher. Another compares channels with the server, also while there is no
// connection or one that does not answer: commands may get through where subscriptions do not.
type receiver struct {
	broker  *Broker
	node    *node        // of a cluster with sharded Pub/Sub, or nil
	pending []*request   // taken, not answered
	unheard atomic.Int64 // probes that were accepted since something was heard
	echoes  echoes
	probes  atomic.Pointer[string] // the Pub/Sub channel where this process hears itself
	wanted  chan struct{}          // somebody asks for a connection, or for something on it
	ended   chan struct{}

	mu    sync.Mutex
	inbox []*request // one for each caller who waits, and for each channel that is left
}

// request asks to receive a channel, or to do so no more.
type request struct {
	ctx       context.Context
	channel   string
	slot      uint16 // with sharded Pub/Sub
	subscribe bool
	moved     bool // to be received elsewhere: it stays with the dispatcher
	once      sync.Once
	done      chan struct{} // closed when it is so
}

func (q *request) finish() { q.once.Do(func() { close(q.done) }) }

// wait returns when the request is done.
func (q *request) wait(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-q.done:
		return nil
	case <-ended:
		return pubsub.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newReceiver(b *Broker, n *node) *receiver {
	return &receiver{broker: b, node: n, wanted: make(chan struct{}, 1), ended: make(chan struct{})}
}

func (r *receiver) join(ctx context.Context, channel string) error {
	q := &request{ctx: ctx, channel: channel, subscribe: true, done: make(chan struct{})}
	r.ask(q)
	return q.wait(ctx, r.ended)
}

// leave tells the connection later, but before any request that comes after.
func (r *receiver) leave(ctx context.Context, channel string) error {
	r.broker.dispatcher.Remove(channel)
	r.ask(&request{ctx: ctx, channel: channel, done: make(chan struct{})})
	return nil
}

// ask hands a request to the goroutine.
func (r *receiver) ask(q *request) {
	r.mu.Lock()
	r.inbox = append(r.inbox, q)
	r.mu.Unlock()
	r.wake()
}

func (r *receiver) wake() {
	select {
	case r.wanted <- struct{}{}:
	default:
	}
}

// collect takes what was asked.
func (r *receiver) collect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending, r.inbox = append(r.pending, r.inbox...), nil
}

// run keeps a connection until ctx ends. It opens the first when somebody subscribes or probes.
func (r *receiver) run(ctx context.Context) {
	defer close(r.ended)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { r.audit(ctx) })
	var wait time.Duration
	for needed := false; needed || r.take(ctx); {
		needed = r.node == nil // what a node of a cluster had is asked for anew, of whoever has it now
		began := time.Now()
		err := r.connection(ctx)
		if ctx.Err() != nil {
			return
		}
		r.surrender()
		if time.Since(began) > 10*time.Second {
			wait = 0
		}
		wait = min(max(2*wait, 50*time.Millisecond), 2*time.Second)
		r.broker.log.Warn("redis subscription lost, connecting again", "redis", r.name(), "error", err.Error(), "wait", wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + mathrand.N(wait/2)): //nolint:gosec // jitter is no secret
		}
	}
}

// name is that of the server, for people.
func (r *receiver) name() string {
	if r.node != nil {
		return r.node.addr
	}
	return r.broker.name
}

// take waits until somebody needs a connection.
func (r *receiver) take(ctx context.Context) bool {
	select {
	case <-r.wanted:
		return true
	case <-ctx.Done():
		return false
	}
}

// connection subscribes to everything on a new connection and serves it until it dies.
func (r *receiver) connection(ctx context.Context) error {
	conn, release, err := r.dedicate()
	if err != nil {
		return err
	}
	defer release()
	defer conn.Close()
	dead := conn.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: r.message, OnSubscription: r.node.subscription})
	r.unheard.Store(0)
	feed := r.probeFeed()
	if _, err := r.subscribe(ctx, conn, []string{feed}); err != nil {
		return err
	}
	r.probes.Store(&feed)
	defer r.probes.Store(nil)
	for batch := range slices.Chunk(r.channels(), batchSize) {
		for _, channel := range batch {
			r.broker.dispatcher.Forget(channel, pubsub.Position{}) // a removal may have gone unheard
		}
		if _, err := r.begin(ctx, conn, batch); err != nil {
			return err
		}
	}
	return r.serve(ctx, conn, dead)
}

// dedicate opens a connection.
func (r *receiver) dedicate() (conn rueidis.DedicatedClient, release func(), err error) {
	client := r.broker.client
	if r.node != nil {
		if client, err = r.node.client(r.broker.client); err != nil {
			return nil, nil, err
		}
	}
	conn, release = client.Dedicate()
	return conn, release, nil
}

// channels returns what this receiver is to receive.
func (r *receiver) channels() []string {
	if r.node != nil {
		return r.node.channels()
	}
	return r.broker.dispatcher.Channels()
}

func (r *receiver) probeFeed() string {
	if r.node != nil {
		return r.node.probeFeed()
	}
	return r.broker.keys.probe(rand.Text())
}

// serve does what is asked until the connection dies.
func (r *receiver) serve(ctx context.Context, conn rueidis.DedicatedClient, dead <-chan error) error {
	probe := time.NewTicker(probeEvery)
	defer probe.Stop()
	for {
		r.collect()
		if err := r.answer(ctx, conn); err != nil {
			return err
		}
		r.strays()
		var err error
		select {
		case <-r.wanted:
		case err = <-dead:
			return fmt.Errorf("connection ended: %v", err)
		case <-probe.C:
			err = r.probe(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// answer does what is pending, in batches of one kind.
func (r *receiver) answer(ctx context.Context, conn rueidis.DedicatedClient) error {
	for len(r.pending) > 0 {
		n := 1
		for n < min(len(r.pending), batchSize) && r.pending[n].subscribe == r.pending[0].subscribe {
			n++
		}
		if err := r.settle(ctx, conn, r.pending[:n], r.pending[0].subscribe); err != nil {
			return err
		}
		r.pending = slices.Delete(r.pending, 0, n)
	}
	return nil
}

// settle does requests of one kind.
func (r *receiver) settle(ctx context.Context, conn rueidis.DedicatedClient, requests []*request, subscribe bool) error {
	if !subscribe {
		return r.part(ctx, conn, requests)
	}
	var changed []string
	for _, q := range requests {
		if q.ctx.Err() != nil {
			continue
		}
		added := r.broker.dispatcher.Add(q.channel)
		if r.node != nil {
			added = r.node.hold(q)
		}
		if added {
			changed = append(changed, q.channel)
		}
	}
	var strays []string
	if len(changed) > 0 {
		var err error
		if strays, err = r.begin(ctx, conn, changed); err != nil {
			return err
		}
	}
	for _, q := range requests {
		if !slices.Contains(strays, q.channel) {
			q.finish()
		}
	}
	return nil
}

// part ends the subscription to channels.
func (r *receiver) part(ctx context.Context, conn rueidis.DedicatedClient, requests []*request) error {
	channels := make([]string, len(requests))
	for i, q := range requests {
		channels[i] = q.channel
		if !q.moved {
			r.broker.dispatcher.Remove(q.channel)
		}
		if r.node != nil {
			r.node.drop(q.channel)
		}
		q.finish()
	}
	ctx, cancel := context.WithTimeout(ctx, r.broker.timeout)
	defer cancel()
	if r.node != nil {
		return r.node.unsubscribe(ctx, conn, r.feeds(channels))
	}
	return conn.Do(ctx, conn.B().Unsubscribe().Channel(r.feeds(channels)...).Build()).Error()
}

// surrender gives back what a node of a cluster was to receive, as another may have it now.
func (r *receiver) surrender() {
	if r.node == nil {
		return
	}
	r.collect()
	for _, q := range r.pending {
		if q.subscribe {
			r.node.hold(q)
			continue
		}
		if !q.moved {
			r.broker.dispatcher.Remove(q.channel)
		}
		r.node.drop(q.channel)
		q.finish()
	}
	r.pending = nil
	r.node.shards.stray(r.node.dropAll())
}

// strays gives back channels that the node of a cluster no longer has.
func (r *receiver) strays() {
	if r.node != nil {
		r.node.shards.stray(r.node.dropGone())
	}
}

// begin subscribes to channels that the dispatcher has, and only then asks where each of them is: so
// whatever is published later arrives, and whatever was missed is noticed. It returns which channels of
// a cluster another node has.
func (r *receiver) begin(ctx context.Context, conn rueidis.DedicatedClient, channels []string) (strays []string, err error) {
	gone, err := r.subscribe(ctx, conn, r.feeds(channels))
	if err != nil {
		return nil, err
	}
	if len(gone) > 0 {
		strays = r.node.lost(gone)
		channels = slices.DeleteFunc(slices.Clone(channels), func(channel string) bool { return slices.Contains(strays, channel) })
	}
	return strays, r.tops(ctx, channels, func(channel string, top pubsub.Position) {
		r.broker.dispatcher.Start(channel, top)
		r.broker.dispatcher.Compare(channel, top)
	})
}

// subscribe returns which feeds of a cluster another node has.
func (r *receiver) subscribe(ctx context.Context, conn rueidis.DedicatedClient, feeds []string) (gone []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.broker.timeout)
	defer cancel()
	if r.node != nil {
		return r.node.subscribe(ctx, conn, feeds)
	}
	return nil, conn.Do(ctx, conn.B().Subscribe().Channel(feeds...).Build()).Error()
}

// tops asks where the histories of channels end.
func (r *receiver) tops(ctx context.Context, channels []string, tell func(channel string, top pubsub.Position)) error {
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
		tell(channels[i], top)
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
	if err := r.broker.send(ctx, *r.probes.Load(), ""); err == nil {
		r.unheard.Add(1)
	}
	return nil
}

// audit compares channels with the server, some at a time, until ctx ends. A failure is for the probe to judge.
func (r *receiver) audit(ctx context.Context) {
	tick := time.NewTicker(auditEvery)
	defer tick.Stop()
	var rotation []string
	for failed := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if len(rotation) == 0 {
			rotation = r.channels()
		}
		n := min(batchSize, len(rotation))
		err := r.tops(ctx, rotation[:n], r.broker.dispatcher.Compare)
		rotation = rotation[n:]
		if err != nil && !failed && ctx.Err() == nil {
			r.broker.log.Warn("channels cannot be compared with redis", "redis", r.broker.name, "error", err.Error())
		}
		failed = err != nil
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
	case p.removed != nil:
		r.broker.dispatcher.Forget(channel, *p.removed)
	case p.stats != nil:
		r.broker.dispatcher.PresenceStats(channel, *p.stats)
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
