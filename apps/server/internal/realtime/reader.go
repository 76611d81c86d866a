package realtime

import (
	"bytes"
	"context"
	"io"
	"runtime/debug"
	"sync"
	"time"
)

// messageTimeout is how long a message may take to arrive once it has begun.
const messageTimeout = 30 * time.Second

// leaveTimeout bounds what a connection that ended has to tell the broker.
const leaveTimeout = 10 * time.Second

// surplusFrames is how many times the longest message is read, and thrown away, before a connection is
// closed in the middle of one.
const surplusFrames = 16

// messages holds buffers for incoming messages: between two of them a connection needs none.
var messages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooledBytes is the largest buffer that goes back: a rare big message is not kept for ever.
const maxPooledBytes = 64 << 10

// serve reads and runs commands until there are no more for now, or the connection ends; then it takes down
// what that leaves.
func (c *connection) serve() {
	for {
		message, fits, err := c.transport.next()
		if err == nil {
			err = c.receive(message, fits)
		}
		if err != nil {
			c.leave()
			return
		}
		if c.rests() {
			go c.rest()
			return
		}
	}
}

// receive reads one message and runs its commands.
func (c *connection) receive(message io.Reader, fits bool) error {
	buf, _ := messages.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= maxPooledBytes {
			buf.Reset()
			messages.Put(buf)
		}
	}()
	c.readBy(time.Now().Add(messageTimeout))
	limit := int64(c.hub.options.MaxFrameBytes)
	if _, err := buf.ReadFrom(io.LimitReader(message, limit)); err != nil {
		return err
	}
	// Whoever is told only after it has sent everything is there to hear it.
	surplus, err := io.Copy(io.Discard, message)
	if err != nil {
		return err
	}
	c.readBy(time.Time{})
	c.hub.counters.readBytes.Add(uint64(buf.Len()) + uint64(surplus))
	switch {
	case c.isEnding():
	case surplus > 0:
		c.disconnect(DisconnectMessageTooBig)
	case !fits:
		c.disconnect(DisconnectInappropriateProtocol)
	default:
		defer c.rescue()
		c.handle(buf.Bytes())
	}
	return nil
}

// readBy sets when reading gives up, unless the connection is ending: then that is set already.
func (c *connection) readBy(deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending == 0 {
		c.transport.readBy(deadline)
	}
}

// rescue keeps a bug that one client's commands have hit from ending the others.
func (c *connection) rescue() {
	if reason := recover(); reason != nil {
		c.logger().Error("connection panicked", "panic", reason, "stack", string(debug.Stack()))
		c.disconnect(DisconnectServerError)
	}
}

// leave takes down what the connection held.
func (c *connection) leave() {
	defer c.hub.alive.Done()
	c.transport.close()
	c.mu.Lock()
	if c.ending == 0 {
		c.ending = DisconnectClosed
		c.hub.counters.disconnects.add(DisconnectClosed)
	}
	reason := c.ending
	c.gone, c.ended, c.replies, c.dirty = true, true, nil, nil
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(c.hub.ctx, leaveTimeout)
	defer cancel()
	c.turn.Lock()
	defer c.turn.Unlock()
	for _, s := range c.held() {
		c.drop(ctx, s)
	}
	c.hub.forget(c)
	c.logLeft(reason)
}
