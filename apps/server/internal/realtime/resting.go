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
	// wait returns when something has come in, or the error that ends the connection.
	wait() error
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
		if err := r.wait(); err != nil {
			c.leave()
			return
		}
	}
	c.hub.read(c)
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
	return s.readable != nil && len(s.unread) == 0 && s.buffered.Buffered() == 0
}

// wait implements [rester].
func (s *socket) wait() error { return s.readable.wait() }

// giveBack returns the borrowed buffer, if there is one.
func (s *socket) giveBack() {
	if s.borrowed != nil {
		readBuffers.Put(s.borrowed)
		s.borrowed = nil
	}
}
