package realtime

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats are counts since the hub began, and of now.
type Stats struct {
	// Connections, Channels and Subscriptions are how many there are now.
	Connections, Channels, Subscriptions int
	// Lagging is how many connections do not take now what they are sent, MaxLagBytes how far the
	// one that is worst off is behind in one channel. What lags beyond memory counts as
	// [Options.MaxBacklogBytes].
	Lagging     int
	MaxLagBytes uint64
	// Commands is how many commands came in, in messages of so many ReadBytes.
	Commands, ReadBytes uint64
	// Publications is how many the broker delivered here, Deliveries how many times one, or the
	// word of a member's coming or going, left for a client. What was written is so many Bytes,
	// replies included.
	Publications, Deliveries, Bytes uint64
	// Slow is how many connections were ended for lagging, Repairs how often a lagging one was
	// helped from history, Breaks how many subscriptions were told of a hole.
	Slow, Repairs, Breaks uint64
	// Recoveries is how many subscriptions that asked for what they missed ended how.
	Recoveries map[Recovery]uint64
	// Disconnects is how many connections ended with which code; [DisconnectClosed] are those that
	// their clients left. Errors is how many commands were answered with which error code.
	Disconnects map[DisconnectError]uint64
	Errors      map[uint32]uint64
}

// Recovery is how a client's wish for what it missed ended.
type Recovery string

// The outcomes of a recovery.
const (
	// RecoveryComplete gave the client all that it missed.
	RecoveryComplete Recovery = "complete"
	// RecoveryLost told it that some of that is gone.
	RecoveryLost Recovery = "lost"
	// RecoveryFailed could not find out: the client is told of an error and tries again.
	RecoveryFailed Recovery = "failed"
)

// counters are what Stats reports, but for what each shard counts.
type counters struct {
	subscriptions       atomic.Int64
	commands, readBytes atomic.Uint64
	publications        atomic.Uint64
	repairs, breaks     atomic.Uint64
	recoveries          tally[Recovery]
	disconnects         tally[DisconnectError]
	errors              tally[uint32]
}

// shardCounters are of what happens for each delivery. Each shard has its own, so that the cores do not
// wait for each other's cache lines; they are added up when somebody asks.
type shardCounters struct {
	deliveries, bytes atomic.Uint64

	_ [64]byte // what follows in memory changes on another core
}

// tally counts by kind what happens at most once for each command or connection. The kinds are those
// that the program knows, never what clients send.
type tally[K comparable] struct {
	mu     sync.Mutex
	counts map[K]uint64
}

func (t *tally[K]) add(kind K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[K]uint64{}
	}
	t.counts[kind]++
}

func (t *tally[K]) all() map[K]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// Stats returns the hub's counts. They are read one after another, while things go on.
func (h *Hub) Stats() Stats {
	h.mu.RLock()
	connections, channels := len(h.connections), len(h.channels)
	h.mu.RUnlock()
	stats := Stats{
		Connections:   connections,
		Channels:      channels,
		Subscriptions: int(h.counters.subscriptions.Load()),
		Commands:      h.counters.commands.Load(),
		ReadBytes:     h.counters.readBytes.Load(),
		Publications:  h.counters.publications.Load(),
		Repairs:       h.counters.repairs.Load(),
		Breaks:        h.counters.breaks.Load(),
		Recoveries:    h.counters.recoveries.all(),
		Disconnects:   h.counters.disconnects.all(),
		Errors:        h.counters.errors.all(),
	}
	for _, s := range h.shards {
		stats.Deliveries += s.counters.deliveries.Load()
		stats.Bytes += s.counters.bytes.Load()
	}
	stats.Slow = stats.Disconnects[DisconnectSlow]
	stats.Lagging, stats.MaxLagBytes = h.laggards.measure()
	return stats
}
