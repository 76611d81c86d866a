package realtime

import "time"

// expiryGrace is how long after its end a connection may still be refreshed: clients ask at the very
// moment.
const expiryGrace = 25 * time.Second

// pulse is what time means to a connection. The connection's mu guards it.
type pulse struct {
	// connectBy is when it must have connected, zero once it has.
	connectBy time.Time
	// pingAt is the next ping, pongBy when the last one must be answered, zero once it is.
	pingAt, pongBy time.Time
	// expireAt is when the connection ends, lapseAt when the first of its subscriptions does; zero is
	// never.
	expireAt, lapseAt time.Time
}

// beat does what is due, and says when to look again, or that there is no need to.
func (c *connection) beat(now time.Time) (wait time.Duration, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &c.pulse
	switch {
	case c.ending != 0:
		return 0, false
	case due(p.connectBy, now):
		c.end(DisconnectStale)
	case due(p.expireAt, now):
		c.end(DisconnectExpired)
	case due(p.pongBy, now):
		c.end(DisconnectNoPong)
	case due(p.lapseAt, now) && !c.gone:
		p.lapseAt = time.Time{}
		c.hub.alive.Go(c.lapse)
	case due(p.pingAt, now):
		c.ping()
		p.pingAt = now.Add(c.hub.options.PingInterval)
		if c.answersPings() {
			p.pongBy = now.Add(c.hub.options.PongTimeout)
		}
	}
	return p.next().Sub(now), true
}

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// next is the earliest deadline.
func (p *pulse) next() time.Time {
	var next time.Time
	for _, at := range []time.Time{p.connectBy, p.pingAt, p.pongBy, p.expireAt, p.lapseAt} {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// neighbours is how many connections that came one after another are pinged together: what they have lies together in
// memory.
const neighbours = 64

// start begins pinging the nth connection. The first ping comes in the second half of the interval, at the next tick for
// the next neighbours: after a restart everybody comes back at once, and need not be pinged at once for ever.
func (p *pulse) start(now time.Time, interval time.Duration, n uint64) {
	p.connectBy = time.Time{}
	ticks := max(1, uint64(interval/2/tick))
	p.pingAt = now.Add(interval/2 + time.Duration(n/neighbours%ticks)*tick)
}

// pong notes an answer, and reports whether there was something to answer.
func (c *connection) pong() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := !c.pulse.pongBy.IsZero()
	c.pulse.pongBy = time.Time{}
	return asked
}
