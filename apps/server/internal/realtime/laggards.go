package realtime

import "sync"

// laggards are the connections whose sockets are full now: those that catchUp writes to.
type laggards struct {
	mu  sync.Mutex
	all map[*connection]struct{}
}

func (l *laggards) add(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[*connection]struct{}{}
	}
	l.all[c] = struct{}{}
}

func (l *laggards) remove(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, c)
}

// measure returns how many there are, and how many bytes the worst of them lags behind in a channel.
func (l *laggards) measure() (count int, maxBytes uint64) {
	l.mu.Lock()
	connections := make([]*connection, 0, len(l.all))
	for c := range l.all {
		connections = append(connections, c)
	}
	l.mu.Unlock()
	for _, c := range connections {
		maxBytes = max(maxBytes, c.lag())
	}
	return len(connections), maxBytes
}

// lag returns how many bytes the connection lags behind in the channel where it is worst off.
func (c *connection) lag() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lag uint64
	for _, s := range c.dirty {
		switch {
		case s.behind:
			lag = max(lag, uint64(c.hub.options.MaxBacklogBytes))
		case s.at != nil:
			lag = max(lag, s.lag())
		}
	}
	return lag
}
