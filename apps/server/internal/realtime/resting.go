package realtime

import "sync"

// A connection at rest is a goroutine that waits for its socket and calls nothing else: its stack stays as
// small as stacks are. What comes in goes into a shared buffer, and the connection to one of the hub's
// readers, which has the stack for commands, and leaves a resting goroutine behind when there is no more to
// read. So a connection has one goroutine at a time.

// rester is a [transport] that can wait for the client without reading a message.
type rester interface {
	// quiet reports whether everything that came in has been read, and waiting makes sense.
	quiet() bool
	// wait returns when something has come in that is not dealt with, or the error that ends the connection. dealt is
	// asked of all that comes in.
	wait(dealt func() bool) error
	// holds reports whether that is one whole frame with this first byte and payload; forget does away with it.
	holds(op byte, payload []byte) bool
	forget()
}

// readBuffer takes what comes in. Only connections that something came in for have one.
type readBuffer [2 << 10]byte

var readBuffers = sync.Pool{New: func() any { return new(readBuffer) }}

// maxIdleReaders is how many readers wait for work with the stacks that they have grown.
const maxIdleReaders = 64

// rests reports whether the connection has nothing to do but to wait.
func (c *connection) rests() bool {
	r, ok := c.transport.(rester)
	return ok && r.quiet()
}

// rest waits for the client to say something.
func (c *connection) rest() {
	if r, ok := c.transport.(rester); ok && r.quiet() {
		if err := r.wait(c.answered); err != nil {
			c.leave()
			return
		}
	}
	c.hub.read(c)
}

// answered reports whether what came in was nothing but the answer to a ping, as it is most often: then the connection
// rests on.
func (c *connection) answered() bool {
	r, ok := c.transport.(rester)
	if !ok {
		return false
	}
	answer := c.pings&objectPings != 0 && r.holds(c.codec.op(), c.codec.ping()) ||
		c.pings&framePings != 0 && r.holds(opPong, nil)
	if !answer || c.header != nil || c.isEnding() || !c.pong() {
		return false
	}
	r.forget()
	c.hub.counters.commands.Add(1)
	return true
}

// read has an idle reader serve the connection, or a new one.
func (h *Hub) read(c *connection) {
	select {
	case h.spoken <- c:
	default:
		h.readers.Go(func() { h.runReader(c) })
	}
}

// runReader serves a connection, and then others, unless enough readers wait for them.
func (h *Hub) runReader(c *connection) {
	for {
		c.serve()
		if h.idleReaders.Add(1) > maxIdleReaders {
			h.idleReaders.Add(-1)
			return
		}
		select {
		case c = <-h.spoken:
			h.idleReaders.Add(-1)
		case <-h.ctx.Done():
			return
		}
	}
}

var _ rester = (*socket)(nil)

// quiet implements [rester].
func (s *socket) quiet() bool {
	return s.opening == nil && s.readable.waits() && len(s.unread) == 0 && s.buffered.Buffered() == 0
}

// wait implements [rester].
func (s *socket) wait(dealt func() bool) error { return s.readable.wait(dealt) }

// holds implements [rester]: the frame is masked (RFC 6455 section 5.2) and came in whole.
func (s *socket) holds(op byte, payload []byte) bool {
	const header = 6
	frame := s.unread
	if len(frame) != header+len(payload) || frame[0] != op || frame[1] != 0x80|byte(len(payload)) {
		return false
	}
	mask := frame[2:header]
	for i, b := range frame[header:] {
		if b^mask[i%len(mask)] != payload[i] {
			return false
		}
	}
	return true
}

// forget implements [rester].
func (s *socket) forget() {
	s.unread = nil
	s.giveBack()
}

// giveBack returns the borrowed buffer, if there is one.
func (s *socket) giveBack() {
	if s.borrowed != nil {
		readBuffers.Put(s.borrowed)
		s.borrowed = nil
	}
}
