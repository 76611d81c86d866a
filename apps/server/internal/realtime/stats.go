package realtime

import "sync/atomic"

// Stats are counts since the hub began, and of now.
type Stats struct {
	// Connections, Channels and Subscriptions are how many there are now.
	Connections, Channels, Subscriptions int
	// Commands is how many commands came in, Publications how many the broker delivered here, and
	// Deliveries how many times one, or the word of a member's coming or going, left for a client.
	// What was written is so many Bytes, replies included.
	Commands, Publications, Deliveries, Bytes uint64
	// Slow is how many connections were ended for lagging, Repairs how often a lagging one was
	// helped from history, Breaks how many subscriptions were told of a hole.
	Slow, Repairs, Breaks uint64
}

// counters are what Stats reports.
type counters struct {
	subscriptions                             atomic.Int64
	commands, publications, deliveries, bytes atomic.Uint64
	slow, repairs, breaks                     atomic.Uint64
}

// Stats returns the hub's counts.
func (h *Hub) Stats() Stats {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return Stats{
		Connections:   len(h.connections),
		Channels:      len(h.channels),
		Subscriptions: int(h.counters.subscriptions.Load()),
		Commands:      h.counters.commands.Load(),
		Publications:  h.counters.publications.Load(),
		Deliveries:    h.counters.deliveries.Load(),
		Bytes:         h.counters.bytes.Load(),
		Slow:          h.counters.slow.Load(),
		Repairs:       h.counters.repairs.Load(),
		Breaks:        h.counters.breaks.Load(),
	}
}
