package redis

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"
	"golang.org/x/sync/errgroup"

	"magpie.build/packages/pubsub"
)

const (
	// slots is how many a cluster has.
	slots = 16384
	// surveyEvery is how often the nodes are asked for their slots when nothing seems to have changed.
	surveyEvery = 5 * time.Second
	// restless is how soon after a survey the next one may follow.
	restless = 50 * time.Millisecond
)

// shards is how a broker hears through a cluster with sharded Pub/Sub: a publication goes to the node
// that has the channel's slot, and to no other. So each node has a receiver, and a channel is with the
// receiver of the node that has its slot. When that changes, by a failover or a slot that moves, the
// receiver gives its channels back as strays, and one goroutine asks who has them now.
//
// mu comes before the mu of a node and of a receiver.
type shards struct {
	broker   *Broker
	straying chan struct{}
	ended    chan struct{}

	mu        sync.Mutex
	ctx       context.Context
	wg        sync.WaitGroup
	want      map[string]*request // by channel, what is to be received
	where     map[string]*node    // and who was asked
	nodes     map[string]*node    // by address
	owners    [slots]*node
	wandering []*request
}

func newShards(b *Broker) *shards {
	return &shards{
		broker:   b,
		straying: make(chan struct{}, 1),
		ended:    make(chan struct{}),
		want:     make(map[string]*request),
		where:    make(map[string]*node),
		nodes:    make(map[string]*node),
	}
}

func (s *shards) join(ctx context.Context, channel string) error {
	s.mu.Lock()
	q, ok := s.want[channel]
	if !ok {
		q = &request{ctx: context.WithoutCancel(ctx), channel: channel, slot: s.slot(s.broker.keys.feed(channel)), subscribe: true, done: make(chan struct{})}
		s.want[channel] = q
		s.route(q)
	}
	s.mu.Unlock()
	return q.wait(ctx, s.ended)
}

func (s *shards) leave(ctx context.Context, channel string) error {
	s.broker.dispatcher.Remove(channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.where[channel]; n != nil {
		n.receiver.ask(&request{ctx: ctx, channel: channel, done: make(chan struct{})})
	}
	delete(s.want, channel)
	delete(s.where, channel)
	return nil
}

// route asks the node that has the channel's slot. The caller holds mu.
func (s *shards) route(q *request) {
	n := s.owners[q.slot]
	if n == nil {
		s.wander(q)
		return
	}
	s.where[q.channel] = n
	n.receiver.ask(q)
}

// wander keeps requests until the nodes were asked. The caller holds mu.
func (s *shards) wander(requests ...*request) {
	s.wandering = append(s.wandering, requests...)
	select {
	case s.straying <- struct{}{}:
	default:
	}
}

// stray takes requests back from a node that cannot do them.
func (s *shards) stray(requests []*request) {
	if len(requests) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wander(requests...)
}

// echo asks for one of every node.
func (s *shards) echo(ctx context.Context) error {
	for {
		s.mu.Lock()
		nodes := s.masters()
		s.mu.Unlock()
		if len(nodes) > 0 {
			group, ctx := errgroup.WithContext(ctx)
			for _, n := range nodes {
				group.Go(func() error { return n.receiver.echo(ctx) })
			}
			return group.Wait()
		}
		select { // nobody was asked yet
		case <-time.After(restless):
		case <-s.ended:
			return pubsub.ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// masters returns the nodes that have slots. The caller holds mu.
func (s *shards) masters() []*node {
	found := make(map[*node]struct{})
	for _, n := range s.owners {
		if n != nil {
			found[n] = struct{}{}
		}
	}
	return slices.Collect(maps.Keys(found))
}

// run surveys the cluster whenever a channel strays, and now and then, until ctx ends.
func (s *shards) run(ctx context.Context) {
	defer close(s.ended)
	defer s.wg.Wait()
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
	tick := time.NewTicker(surveyEvery)
	defer tick.Stop()
	for {
		claims := s.survey(ctx)
		s.settle(claims)
		select {
		case <-ctx.Done():
			return
		case <-time.After(restless):
		}
		select {
		case <-s.straying:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// survey asks each node what it has. A node that does not answer claims nothing.
func (s *shards) survey(ctx context.Context) []claim {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var mu sync.Mutex
	var claims []claim
	var wg sync.WaitGroup
	for addr, client := range s.broker.client.Nodes() {
		wg.Go(func() {
			text, err := client.Do(ctx, client.B().ClusterNodes().Build()).ToString()
			if err != nil {
				return
			}
			if c, ok := parseClaim(text); ok {
				c.addr = addr
				mu.Lock()
				defer mu.Unlock()
				claims = append(claims, c)
			}
		})
	}
	wg.Wait()
	// A master that was replaced and does not know it yet claims in an older epoch.
	slices.SortFunc(claims, func(a, b claim) int { return cmp.Compare(a.epoch, b.epoch) })
	return claims
}

// settle notes who has which slots, and asks for strays and for what moved there.
func (s *shards) settle(claims []claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range claims {
		n := s.node(c.addr)
		for _, r := range c.slots {
			for slot := r.first; slot <= r.last; slot++ {
				s.owners[slot] = n
			}
		}
	}
	for _, n := range s.nodes {
		n.setProbe(s.probeFeed(n))
	}
	wandering := s.wandering
	s.wandering = nil
	for _, q := range wandering {
		if s.want[q.channel] == q {
			s.route(q)
		}
	}
	for channel, n := range s.where {
		if q := s.want[channel]; s.owners[q.slot] != n {
			n.receiver.ask(&request{ctx: s.ctx, channel: channel, moved: true, done: make(chan struct{})})
			s.route(q)
		}
	}
}

// node returns the node at an address, and starts its receiver. The caller holds mu.
func (s *shards) node(addr string) *node {
	n, ok := s.nodes[addr]
	if !ok {
		n = newNode(s, addr)
		s.nodes[addr] = n
		ctx := s.ctx
		s.wg.Go(func() { n.receiver.run(ctx) })
	}
	return n
}

// probeFeed returns a Pub/Sub channel of a node's own, in a slot that it has. The caller holds mu.
func (s *shards) probeFeed(n *node) string {
	feed := n.probeFeed()
	if feed != "" && s.owners[s.slot(feed)] == n {
		return feed
	}
	if !slices.Contains(s.owners[:], n) {
		return ""
	}
	for i := 0; ; i++ {
		if feed := s.broker.keys.probe(n.id(i)); s.owners[s.slot(feed)] == n {
			return feed
		}
	}
}

// slot returns where a cluster has a Pub/Sub channel.
func (s *shards) slot(feed string) uint16 {
	command := s.broker.client.B().Ssubscribe().Channel(feed).Build()
	return command.Slot()
}

// shardsFeeds reports whether the server is a cluster that knows sharded Pub/Sub, and whether it is
// wanted.
func (b *Broker) shardsFeeds(ctx context.Context, at address) bool {
	if at.mode != cluster || at.classic {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	err := b.client.Do(ctx, b.client.B().Spublish().Channel(b.keys.probe("")).Message("").Build()).Error()
	if answer, ok := rueidis.IsRedisErr(err); ok {
		b.log.Info("redis cluster has no sharded Pub/Sub: every node will carry every publication", "redis", b.name, "error", answer.Error())
	}
	return err == nil
}
