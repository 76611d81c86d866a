package realtime

import "sync"

// laggards are the connections whose sockets are full now: those that catchUp writes to.
type laggards struct {
	mu  sync.Mutex
	set map[*connection]struct{}
}

func (l *laggards) add(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.set == nil {
		l.set = map[*connection]struct{}{}
	}
	l.set[c] = struct{}{}
}

func (l *laggards) remove(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.set, c)
}

func (l *laggards) all() []*connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*connection, 0, len(l.set))
	for c := range l.set {
		all = append(all, c)
	}
	return all
}

// measure returns how many there are, and how many bytes the worst of them lags behind in a channel.
func (l *laggards) measure() (count int, maxBytes uint64) {
	connections := l.all()
	for _, c := range connections {
		c.mu.Lock()
		maxBytes = max(maxBytes, c.lag())
		c.mu.Unlock()
	}
	return len(connections), maxBytes
}

// channelLag is how many subscribers of a channel lag, and how far the worst of them.
type channelLag struct {
	subscribers int
	bytes       uint64
}

// byChannel returns the channels in which somebody lags.
func (l *laggards) byChannel() map[*channel]channelLag {
	lags := map[*channel]channelLag{}
	for _, c := range l.all() {
		c.mu.Lock()
		for _, s := range c.dirty {
			if bytes := c.lagIn(s); bytes > 0 {
				lag := lags[s.channel]
				lags[s.channel] = channelLag{lag.subscribers + 1, max(lag.bytes, bytes)}
			}
		}
		c.mu.Unlock()
	}
	return lags
}

// lag returns how many bytes the connection lags behind in the channel where it is worst off. mu is held.
func (c *connection) lag() uint64 {
	var lag uint64
	for _, s := range c.dirty {
		lag = max(lag, c.lagIn(s))
	}
	return lag
}

// lagIn returns how many bytes a subscription of the connection lags behind. mu is held.
func (c *connection) lagIn(s *subscription) uint64 {
	switch {
	case s.behind:
		return uint64(c.hub.options.MaxBacklogBytes)
	case s.at != nil:
		return s.lag()
	default:
		return 0
	}
}
