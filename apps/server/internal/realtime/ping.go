package realtime

// pings are how a connection is asked for a sign of life.
type pings uint8

const (
	// objectPings are empty objects of the protocol.
	objectPings pings = 1 << iota
	// framePings are WebSocket's own (RFC 6455 section 5.5.2), which every WebSocket answers by itself: for tools such as
	// wscat, whose users would have to do it by hand, and for who only listens.
	framePings
)

// pingFrame is a ping without payload, opPong the first byte of its answer.
const (
	pingFrame = "\x89\x00"
	opPong    = 0x8A
)

// pingsOf is how a WebSocket's client wants to be asked, by its query.
func pingsOf(frames bool) pings {
	if frames {
		return framePings
	}
	return objectPings
}

// answersPings reports whether the client has to answer. Who only listens answers frames alone.
func (c *connection) answersPings() bool { return c.pings&framePings != 0 || !c.listens }

// framePonged notes a pong frame. Unasked ones mean nothing (RFC 6455 section 5.5.3).
func (c *connection) framePonged() {
	if c.pings&framePings != 0 {
		c.pong()
	}
}

// ping asks. mu is held.
func (c *connection) ping() {
	if c.pings&objectPings != 0 {
		c.enqueue(c.codec.ping())
	}
	if c.pings&framePings != 0 && c.ending == 0 {
		c.pingsFrame = true
		c.schedule()
	}
}
