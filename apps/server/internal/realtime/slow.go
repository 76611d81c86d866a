package realtime

import (
	"context"

	"magpie.build/packages/pubsub"
)

// repairPage is how many publications a repair reads at once: the client has to take them before
// more are read.
const repairPage = 64

// catchUp takes a connection over from its shard while its socket is full. It waits for the socket,
// helps subscriptions that fell out of the log from history, and gives the connection back when the
// client has everything. A client that takes nothing for longer than the bound is disconnected; one that is slow
// is not.
func (c *connection) catchUp() {
	c.hub.laggards.add(c)
	defer c.hub.laggards.remove(c)
	var out scratch
	patience := c.hub.options.MaxBacklogTime
	for {
		if err := c.transport.drain(patience); err != nil {
			c.lose(DisconnectSlow, err)
			return
		}
		c.repair()
		last, idle := c.collect(&out)
		if idle {
			return
		}
		if last {
			patience = closeTimeout
		}
		if _, err := c.write(&out, last); err != nil {
			c.lose(DisconnectWriteError, err)
			return
		}
	}
}

// collect is gather for catchUp. When the client has everything it gives the connection back and
// says that it is idle.
func (c *connection) collect(out *scratch) (last, idle bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last = c.gather(out)
	if last || out.ping || len(out.objects) > 0 || c.laggard() != nil {
		return last, false
	}
	c.stalled = false
	return false, true
}

// laggard returns a subscription that has to be repaired from history, or nil. mu is held.
func (c *connection) laggard() *subscription {
	if c.ending != 0 {
		return nil
	}
	for _, s := range c.dirty {
		if s.behind {
			return s
		}
	}
	return nil
}

// repair brings one laggard forward by a page of history.
func (c *connection) repair() {
	c.mu.Lock()
	s := c.laggard()
	if s == nil {
		c.mu.Unlock()
		return
	}
	// First the cursor, then the history: what comes between the two is in both, and told apart by
	// its position.
	s.at, _ = s.channel.cursor()
	since := s.position
	c.mu.Unlock()

	c.hub.counters.repairs.Add(1)
	s.channel.counters.repairs.Add(1)
	ctx, cancel := context.WithTimeout(c.hub.ctx, commandTimeout)
	defer cancel()
	history, err := c.hub.readHistory(ctx, s.channel.name, since, repairPage)

	c.mu.Lock()
	defer c.mu.Unlock()
	if s.state != live || !s.behind {
		return
	}
	if err != nil || !continues(since, history.Publications) {
		var out scratch
		s.breakOff(&out)
		c.enqueue(out.objects...)
		return
	}
	wanted := s.filter(history.Publications)
	pushes := make([][]byte, len(wanted))
	for i, publication := range wanted {
		if pushes[i], err = c.codec.push(s.channel.name, s.whole(publication)); err != nil {
			s.mismatch()
			return
		}
	}
	if n := len(history.Publications); n > 0 {
		s.position = history.Publications[n-1].Position
	}
	c.enqueue(pushes...)
	c.shard.counters.deliveries.Add(uint64(len(pushes)))
	if s.behind = s.at == nil || s.position.Offset < history.Position.Offset; s.behind {
		return
	}
	if s.offer.JoinLeave && s.at.presences != s.presences {
		// History tells nothing of who came and went: the client begins again, and asks who is there.
		var out scratch
		s.breakOff(&out)
		c.enqueue(out.objects...)
	}
}

// continues reports whether publications follow a position, each the one before.
func continues(since pubsub.Position, publications []pubsub.Publication) bool {
	for i, publication := range publications {
		if publication.Position.Offset != since.Offset+uint64(i)+1 {
			return false
		}
	}
	return true
}
