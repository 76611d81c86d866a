package realtime

import (
	"iter"
	"sync/atomic"
	"time"

	"magpie.build/packages/pubsub"
)

// ChannelState is how a channel is on this server now, for people to look at.
type ChannelState struct {
	Name string
	// Subscribers is how many clients of this server are subscribed.
	Subscribers int
	// Position is that of the last publication delivered here, zero where there is none or no history.
	Position pubsub.Position
	// Lagging is how many subscribers do not take now what they are sent, MaxLagBytes how far the worst
	// of them is behind, with what lags beyond memory counted as [Options.MaxBacklogBytes].
	Lagging     int
	MaxLagBytes uint64
	// Publications is how many the broker delivered, Repairs how often a slow reader was helped from
	// history, Breaks how many subscriptions were told of a hole; all since somebody here subscribed.
	Publications, Repairs, Breaks uint64
}

// ConnectionState is how a connection is now, for people to look at.
type ConnectionState struct {
	// Client is its id, User whose it is; empty for somebody anonymous, or who has not said yet.
	Client, User  string
	RemoteAddr    string
	Since         time.Time
	Subscriptions int
	// Lagging says that it does not take now what it is sent, MaxLagBytes how far it is behind in the
	// channel where it is worst off.
	Lagging     bool
	MaxLagBytes uint64
}

// SubscriptionState is how a connection's place in a channel is now, for people to look at.
type SubscriptionState struct {
	Channel string
	// Position is that of the last publication sent, zero where the channel is not recoverable.
	Position pubsub.Position
	// LagBytes is how far it is behind in memory. Behind says that it lags beyond that, and is repaired
	// from history; Broken that it was told to begin again, and has not yet.
	LagBytes       uint64
	Behind, Broken bool
}

// channelCounters are what [ChannelState] reports of a channel's past.
type channelCounters struct{ publications, repairs, breaks atomic.Uint64 }

// InspectChannels yields the channels that somebody here is subscribed to, in no order. What it yields
// is of slightly different moments: nothing stands still for it.
func (h *Hub) InspectChannels() iter.Seq[ChannelState] {
	return func(yield func(ChannelState) bool) {
		lags := h.laggards.byChannel()
		h.mu.RLock()
		channels := make([]*channel, 0, len(h.channels))
		for _, ch := range h.channels {
			channels = append(channels, ch)
		}
		h.mu.RUnlock()
		for _, ch := range channels {
			if !yield(ch.inspect(lags[ch])) {
				return
			}
		}
	}
}

func (ch *channel) inspect(lag channelLag) ChannelState {
	_, end := ch.cursor()
	state := ChannelState{
		Name: ch.name, Position: end.position, Lagging: lag.subscribers, MaxLagBytes: lag.bytes,
		Publications: ch.counters.publications.Load(), Repairs: ch.counters.repairs.Load(), Breaks: ch.counters.breaks.Load(),
	}
	for i := range ch.audiences {
		state.Subscribers += int(ch.audiences[i].size.Load())
	}
	return state
}

// InspectConnections yields the connections of this server, in no order.
func (h *Hub) InspectConnections() iter.Seq[ConnectionState] { return inspect(h.all()) }

// InspectSubscribers yields the connections that are subscribed to a channel here, in no order.
func (h *Hub) InspectSubscribers(name string) iter.Seq[ConnectionState] {
	ch := h.channel(name)
	if ch == nil {
		return func(func(ConnectionState) bool) {}
	}
	var subscribers []*connection
	for i := range ch.audiences {
		a := &ch.audiences[i]
		a.mu.Lock()
		for _, s := range a.subscriptions {
			subscribers = append(subscribers, s.connection)
		}
		a.mu.Unlock()
	}
	return inspect(subscribers)
}

func inspect(connections []*connection) iter.Seq[ConnectionState] {
	return func(yield func(ConnectionState) bool) {
		for _, c := range connections {
			if !yield(c.inspect()) {
				return
			}
		}
	}
}

// InspectConnection returns a connection and its subscriptions, in no order. It reports false where there is
// none of that id.
func (h *Hub) InspectConnection(id string) (ConnectionState, []SubscriptionState, bool) {
	for _, c := range h.all() {
		if c.id == id {
			return c.inspect(), c.inspectSubscriptions(), true
		}
	}
	return ConnectionState{}, nil, false
}

func (c *connection) inspect() ConnectionState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ConnectionState{
		Client: c.id, User: c.client.User, RemoteAddr: c.remoteAddr, Since: c.since,
		Subscriptions: len(c.subscriptions), Lagging: c.stalled, MaxLagBytes: c.lag(),
	}
}

func (c *connection) inspectSubscriptions() []SubscriptionState {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := make([]SubscriptionState, len(c.subscriptions))
	for i, s := range c.subscriptions {
		states[i] = SubscriptionState{
			Channel: s.channel.name, Position: s.position, Behind: s.behind, Broken: s.state == broken,
		}
		if s.at != nil {
			states[i].LagBytes = s.lag()
		}
	}
	return states
}
