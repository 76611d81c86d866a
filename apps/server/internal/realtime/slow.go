package realtime

import (
	"context"
	"sync"

	"magpie.build/packages/pubsub"
)

// maxRepairPage is how many publications a repair reads at once. The client has to take them before more are read, so
// of long ones it reads fewer: about as much as a flush may hold.
const maxRepairPage = 64

// scratches are for those who gather now and then: while a slow client takes its time, nobody keeps one for it.
var scratches = sync.Pool{New: func() any { return new(scratch) }}

// catchUp takes a connection over from its shard while its socket is full. It waits for the socket,
// helps subscriptions that fell out of the log from history, and gives the connection back when the
// client has everything. A client that takes nothing for longer than the bound is disconnected; one that is slow
// is not.
func (c *connection) catchUp() {
	c.hub.laggards.add(c)
	defer c.hub.laggards.remove(c)
	patience, page := c.hub.options.MaxBacklogTime, maxRepairPage
	for {
		if err := c.transport.drain(patience); err != nil {
			c.lose(DisconnectSlow, err)
			return
		}
		page = c.repair(page)
		last, idle, err := c.proceed()
		if err != nil {
			c.lose(DisconnectWriteError, err)
			return
		}
		if idle {
			return
		}
		if last {
			patience = closeTimeout
		}
	}
}

// proceed writes what the client is to take next, and returns what collect does.
func (c *connection) proceed() (last, idle bool, err error) {
	out, _ := scratches.Get().(*scratch)
	defer func() {
		out.reset()
		scratches.Put(out)
	}()
	if last, idle = c.collect(out); idle {
		return last, idle, nil
	}
	_, err = c.write(out, last)
	return last, idle, err
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

// repair brings one laggard forward by a page of history, and returns how many publications the next one should have.
func (c *connection) repair(page int) (next int) {
	c.mu.Lock()
	s := c.laggard()
	if s == nil {
		c.mu.Unlock()
		return page
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
	history, err := c.hub.readHistory(ctx, s.channel.name, since, page)

	c.mu.Lock()
	defer c.mu.Unlock()
	if s.state != live || !s.behind {
		return page
	}
	if err != nil || !continues(since, history.Publications) {
		var out scratch
		s.breakOff(&out)
		c.enqueue(out.objects...)
		return page
	}
	next = s.replay(history.Publications)
	if s.behind = s.at == nil || s.position.Offset < history.Position.Offset; s.behind {
		return next
	}
	if s.offer.JoinLeave && s.at.presences != s.presences {
		// History tells nothing of who came and went: the client begins again, and asks who is there.
		var out scratch
		s.breakOff(&out)
		c.enqueue(out.objects...)
	}
	return next
}

// replay sends the first of some publications from history, as many as one flush may hold but one at least, and returns
// how many the next ones should be. The connection's mu is held.
func (s *subscription) replay(publications []pubsub.Publication) (next int) {
	c := s.connection
	before, done := len(c.replies), 0
	for _, publication := range publications {
		if len(c.replies)-before >= maxFlushBytes {
			break
		}
		if s.asksFor(publication) {
			push, err := c.codec.push(s.channel.name, s.whole(publication))
			if err != nil {
				s.mismatch()
				break
			}
			c.enqueue(push)
			c.shard.counters.deliveries.Add(1)
		}
		s.position = publication.Position
		done++
	}
	if done < len(publications) {
		return max(1, done)
	}
	return min(2*max(1, done), maxRepairPage)
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
