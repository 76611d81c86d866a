package realtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"magpie.build/packages/pubsub"
)

// maxShards bounds the writers: each channel has an entry a shard, and past so many cores the kernel's
// own network path is the limit.
const maxShards = 16

// maxHistoryReads is how many recoveries may read history at once: a server that everybody comes back
// to must not ask its broker for everything together.
const maxHistoryReads = 32

// Hub holds this process's connections and the channels that they are subscribed to. It is an
// [http.Handler]: every request becomes a connection. Safe for concurrent use.
type Hub struct {
	broker   pubsub.Broker
	handler  Handler
	options  Options
	log      *slog.Logger
	counters counters
	laggards laggards
	shards   []*shard
	wheel    wheel
	// arrivals is how many connections have connected so far.
	arrivals atomic.Uint64
	// admission decides who may come in.
	admission *admission

	// flights joins connections that recover from the same position, reads bounds what is left.
	flights singleflight.Group
	reads   chan struct{}

	mu          sync.RWMutex
	channels    map[string]*channel
	connections map[*connection]struct{}
	// sessions are the streams among them.
	sessions map[string]*stream
	// users are the connections that have said whose they are, by user.
	users map[string][]*connection
	// ctx ends what connections do. open says whether new ones may come; started is closed when
	// they first may.
	ctx     context.Context
	open    bool
	started chan struct{}
	// alive counts connections, and the goroutines of those that catch up.
	alive sync.WaitGroup

	// readers serve the connections that have something to say, which come by spoken to those of them that
	// are idle.
	readers     sync.WaitGroup
	spoken      chan *connection
	idleReaders atomic.Int32
}

var (
	_ http.Handler   = (*Hub)(nil)
	_ pubsub.Handler = (*Hub)(nil)
)

// New returns a hub over a broker that nothing else runs. Requests wait until [Hub.Run] has begun.
func New(broker pubsub.Broker, handler Handler, options Options) *Hub {
	options = options.withDefaults()
	h := &Hub{
		broker:      broker,
		handler:     handler,
		options:     options,
		log:         options.Logger,
		reads:       make(chan struct{}, maxHistoryReads),
		channels:    map[string]*channel{},
		connections: map[*connection]struct{}{},
		sessions:    map[string]*stream{},
		users:       map[string][]*connection{},
		started:     make(chan struct{}),
		spoken:      make(chan *connection),
		shards:      make([]*shard, min(runtime.GOMAXPROCS(0), maxShards)),
	}
	h.admission = newAdmission(&h.options)
	for i := range h.shards {
		h.shards[i] = &shard{hub: h, index: i, wake: make(chan struct{}, 1)}
	}
	return h
}

// Run runs the broker and serves connections until ctx ends; then it closes them all, so many a second, so
// that their clients come back to another server, and returns when they have gone. It is called once. Its error
// is nil unless the broker failed.
func (h *Hub) Run(ctx context.Context) error {
	lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	h.admit(lasting)

	group, failed := errgroup.WithContext(lasting)
	group.Go(func() error { return h.runBroker(lasting) })
	for _, s := range h.shards {
		group.Go(func() error { s.run(lasting); return nil })
	}
	group.Go(func() error { h.wheel.run(lasting); return nil })

	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	h.drain(stop)
	return group.Wait()
}

// runBroker runs the broker until ctx ends. If the broker ends first, that is an error.
func (h *Hub) runBroker(ctx context.Context) error {
	err := h.broker.Run(ctx, h)
	if err == nil && ctx.Err() == nil {
		err = pubsub.ErrClosed
	}
	if err != nil {
		return fmt.Errorf("run the broker: %w", err)
	}
	return nil
}

// admit lets connections come.
func (h *Hub) admit(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ctx, h.open = ctx, true
	close(h.started)
}

func (h *Hub) all() []*connection {
	h.mu.RLock()
	defer h.mu.RUnlock()
	all := make([]*connection, 0, len(h.connections))
	for c := range h.connections {
		all = append(all, c)
	}
	return all
}

// errStopping, errFull and errScarce say why a connection was not admitted.
var (
	errStopping = errors.New("the server is stopping")
	errFull     = errors.New("the server has as many connections as it may")
	errScarce   = errors.New("the server has nearly as many files open as it may")
)

// enter registers a connection, until it leaves.
func (h *Hub) enter(c *connection) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.vacancy(); err != nil {
		return err
	}
	h.connections[c] = struct{}{}
	h.wheel.add(c, h.options.ConnectTimeout)
	h.alive.Add(1)
	return nil
}

// vacancy says why there is no place for a connection. mu is held.
func (h *Hub) vacancy() error {
	switch {
	case !h.open:
		return errStopping
	case len(h.connections) >= h.options.MaxConnections:
		return errFull
	default:
		return nil
	}
}

// forget is called by a reader that ends.
func (h *Hub) forget(c *connection) {
	h.wheel.remove(c)
	h.admission.depart(c.from)
	h.admission.release(c.counted)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.connections, c)
	h.unregister(c)
}

// Publish delivers a publication to the channel's subscribers on every server, and returns where it
// stands in the channel's history. Beside the broker's errors it returns [ErrBadRequest] for data
// that is not JSON.
func (h *Hub) Publish(ctx context.Context, channel string, publication Publication, options pubsub.PublishOptions) (pubsub.Position, error) {
	ctx, end := h.tracePublish(ctx, channel, publication)
	position, err := publish(ctx, h.broker, channel, publication, options)
	end(position, err)
	return position, err
}

// History reads a part of a channel's history, and the position of its newest publication. Errors
// are the broker's.
func (h *Hub) History(ctx context.Context, channel string, options pubsub.HistoryOptions) ([]Publication, pubsub.Position, error) {
	history, err := h.broker.History(ctx, channel, options)
	publications := make([]Publication, len(history.Publications))
	for i, publication := range history.Publications {
		publications[i] = decodePublication(publication)
	}
	return publications, history.Position, err
}

// RemoveHistory forgets what a channel keeps. Who is subscribed misses nothing by it; who comes back from
// before is told that it was not recovered. Errors are the broker's.
func (h *Hub) RemoveHistory(ctx context.Context, channel string) error {
	return h.broker.RemoveHistory(ctx, channel)
}

// PresenceStats returns how many clients are present in a channel, over all servers, and how many users they
// are. Errors are the broker's.
func (h *Hub) PresenceStats(ctx context.Context, channel string) (pubsub.PresenceStats, error) {
	return h.broker.PresenceStats(ctx, channel)
}

// Members returns the clients present in a channel, over all servers, ordered by id.
func (h *Hub) Members(ctx context.Context, channel string) ([]Client, error) {
	members, err := h.broker.Members(ctx, channel)
	if err != nil {
		return nil, err
	}
	clients := make([]Client, len(members))
	for i, member := range members {
		clients[i] = memberInfo(member).client()
	}
	return clients, nil
}
