package realtime

import (
	"context"
	"sync"
)

// shard writes to a part of the connections. It learns which channels grew and which connections have
// replies to send, and sends each connection all that it has not seen in one write. While it is at it
// more may come: that goes out together in the next round, so an idle server writes at once and a
// busy one gathers. Nothing here waits for a socket.
type shard struct {
	hub   *Hub
	index int
	wake  chan struct{}

	// mu guards what the next round has to do. Both lists are without repeats, thus bounded by what
	// exists.
	mu          sync.Mutex
	channels    []*channel
	connections []*connection

	// spare lists, scratch and fanOuts, the traced publications of a round, belong to run.
	spareChannels    []*channel
	spareConnections []*connection
	scratch          scratch
	fanOuts          []*fanOut

	counters shardCounters
}

// addChannel has the next round look at the channel's audience.
func (s *shard) addChannel(ch *channel) {
	s.mu.Lock()
	s.channels = append(s.channels, ch)
	s.mu.Unlock()
	s.rouse()
}

// addConnection has the next round look at the connection.
func (s *shard) addConnection(c *connection) {
	s.mu.Lock()
	s.connections = append(s.connections, c)
	s.mu.Unlock()
	s.rouse()
}

func (s *shard) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *shard) run(ctx context.Context) {
	for {
		select {
		case <-s.wake:
			s.round()
		case <-ctx.Done():
			return
		}
	}
}

// round writes all that there is to write.
func (s *shard) round() {
	s.mu.Lock()
	channels, connections := s.channels, s.connections
	s.channels, s.connections = s.spareChannels, s.spareConnections
	s.mu.Unlock()

	answered := len(connections)
	for _, ch := range channels {
		s.fanOuts = ch.fanOuts.under(s.fanOuts)
		connections = ch.audiences[s.index].mark(connections)
	}
	// What was said goes out before the word that it was: the first write wakes whoever reads, and so a room hears a tenth sooner.
	for _, c := range connections[answered:] {
		c.flush(&s.scratch)
	}
	for _, c := range connections[:answered] {
		c.flush(&s.scratch)
	}
	for _, f := range s.fanOuts {
		f.written(s.index)
	}
	clear(s.fanOuts)
	s.fanOuts = s.fanOuts[:0]
	clear(channels)
	clear(connections)
	s.spareChannels, s.spareConnections = channels[:0], connections[:0]
}

// mark tells the audience's subscriptions that there is something new, and appends the connections
// that are to be flushed for it.
func (a *audience) mark(connections []*connection) []*connection {
	// Before the look: what is appended from now on queues the channel again.
	a.queued.Store(false)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.subscriptions {
		if s.mark() {
			connections = append(connections, s.connection)
		}
	}
	return connections
}
