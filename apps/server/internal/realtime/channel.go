package realtime

import (
	"context"
	"sync"
	"sync/atomic"

	"magpie.build/packages/pubsub"
)

// channel is what this process knows of a channel that somebody here is subscribed to. All of them
// share one subscription to the broker.
type channel struct {
	name string

	// turn is held, as a semaphore, by whoever talks to the broker of this channel: a last one leaving
	// and a first one coming would otherwise overtake each other. It guards subscribed.
	turn       chan struct{}
	subscribed bool

	// users is guarded by the hub's mu: who holds the channel, or waits for its turn.
	users int

	// mu is held while the log grows, and guards end, and readers: how many subscriptions there are of
	// each variant.
	mu      sync.Mutex
	end     logEnd
	readers [variants]int
	// choosy is how many of them have a filter.
	choosy int
	tail   atomic.Pointer[entry]
	// publications is how many the log has had, payload the last one's, kept where deltas are read. mu
	// guards both.
	publications uint64
	payload      []byte

	// gather is for how long publications are gathered, grown when the log last grew: Unix nanoseconds, kept only
	// where something is gathered.
	gather atomic.Int64
	grown  atomic.Int64

	// audiences are the subscriptions, by shard.
	audiences []audience

	crowd    crowd
	counters channelCounters
	fanOuts  fanOuts
}

func newChannel(name string, shards int) *channel {
	ch := &channel{name: name, turn: make(chan struct{}, 1), audiences: make([]audience, shards)}
	ch.tail.Store(&entry{})
	return ch
}

// audience is the part of a channel's subscriptions whose connections one shard writes to.
type audience struct {
	// queued says that the shard already knows of something new.
	queued atomic.Bool
	size   atomic.Int32

	mu            sync.Mutex
	subscriptions []*subscription
}

func (a *audience) add(s *subscription) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.place = len(a.subscriptions)
	a.subscriptions = append(a.subscriptions, s)
	a.size.Add(1)
}

func (a *audience) remove(s *subscription) {
	a.mu.Lock()
	defer a.mu.Unlock()
	last := len(a.subscriptions) - 1
	a.subscriptions[s.place] = a.subscriptions[last]
	a.subscriptions[s.place].place = s.place
	a.subscriptions[last] = nil
	a.subscriptions = a.subscriptions[:last]
	a.size.Add(-1)
}

// acquire returns the channel, subscribed to at the broker. It is paired with release.
func (h *Hub) acquire(ctx context.Context, name string) (*channel, error) {
	h.mu.Lock()
	ch, ok := h.channels[name]
	if !ok {
		ch = newChannel(name, len(h.shards))
		h.channels[name] = ch
	}
	ch.users++
	h.mu.Unlock()
	if err := ch.open(ctx, h.broker); err != nil {
		h.release(ctx, ch)
		return nil, err
	}
	return ch, nil
}

// open subscribes to the broker unless somebody has.
func (ch *channel) open(ctx context.Context, broker pubsub.Broker) error {
	if err := ch.lock(ctx); err != nil {
		return err
	}
	defer ch.unlock()
	if ch.subscribed {
		return nil
	}
	// What is known is from before the last one left: since then nobody listened.
	ch.forget()
	if err := broker.Subscribe(ctx, ch.name); err != nil {
		return err
	}
	ch.subscribed = true
	return nil
}

// release gives the channel back. The last one ends the subscription to the broker.
func (h *Hub) release(ctx context.Context, ch *channel) {
	h.mu.Lock()
	ch.users--
	last := ch.users == 0
	h.mu.Unlock()
	if !last {
		return
	}
	if err := ch.lock(ctx); err != nil {
		h.log.Warn("channel left subscribed", "channel", ch.name, "error", err)
		return
	}
	defer ch.unlock()
	h.mu.Lock()
	last = ch.users == 0
	h.mu.Unlock()
	if last && ch.subscribed {
		// Whoever comes now waits for its turn and subscribes anew.
		if err := h.broker.Unsubscribe(ctx, ch.name); err != nil {
			h.log.Warn("channel left subscribed", "channel", ch.name, "error", err)
		}
		ch.subscribed = false
	}
	h.mu.Lock()
	if ch.users == 0 && h.channels[ch.name] == ch {
		delete(h.channels, ch.name)
	}
	h.mu.Unlock()
}

func (ch *channel) lock(ctx context.Context) error {
	select {
	case ch.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (ch *channel) unlock() { <-ch.turn }

// append adds an entry to the log: what, which is nil for a break, framed once for each variant that
// somebody reads.
func (ch *channel) append(kind entryKind, position pubsub.Position, what object) {
	e := &entry{kind: kind, position: position}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	tail := ch.tail.Load()
	e.total, e.presences = tail.total, tail.presences
	if p, ok := what.(presencePush); ok {
		e.member = p.Info.Client
		e.presences++
	}
	publication, published := what.(publicationPush)
	for v, readers := range ch.readers {
		if readers > 0 && what != nil && (!published || variant(v).whole() == variant(v)) {
			ch.frame(e, variant(v), what)
		}
	}
	if published {
		if ch.choosy > 0 {
			e.tags = readStored(publication.Data).Tags
		}
		ch.publications++
		e.number = ch.publications
		ch.appendDeltas(e, pubsub.Publication(publication))
	}
	ch.end.follow(e)
	tail.next.Store(e)
	ch.tail.Store(e)
}

// frame frames what an entry is in one variant. Whoever reads one in which it cannot be written is told by
// its own connection. mu is held.
func (ch *channel) frame(e *entry, v variant, what object) {
	if body, err := codecs[v].push(ch.name, what); err == nil {
		e.framed[v] = frame(codecs[v].op(), body)
		e.total += uint64(len(body))
	}
}

// enter counts in a reader, which is in the log from there on. It returns what cursor does.
func (ch *channel) enter(s *subscription) (*entry, logEnd) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.readers[s.variant]++
	if s.wanted != nil {
		ch.choosy++
	}
	return ch.tail.Load(), ch.end
}

// exit counts it out.
func (ch *channel) exit(s *subscription) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.readers[s.variant]--
	if s.wanted != nil {
		ch.choosy--
	}
}

// cursor returns the log's last entry, and what is known of the end there.
func (ch *channel) cursor() (*entry, logEnd) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.tail.Load(), ch.end
}

// learn notes the newest position of a history read that began after the broker's subscription.
func (ch *channel) learn(newest pubsub.Position) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.end.learn(newest)
}

// forget leaves the end to be learnt anew.
func (ch *channel) forget() {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.end = logEnd{}
}
