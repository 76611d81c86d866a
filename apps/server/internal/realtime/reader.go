package realtime

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// messageTimeout is how long a message may take to arrive once it has begun.
const messageTimeout = 30 * time.Second

// leaveTimeout bounds what a connection that ended has to tell the broker.
const leaveTimeout = 10 * time.Second

// messages holds buffers for incoming messages: between two of them a connection needs none.
var messages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooledBytes is the largest buffer that goes back: a rare big message is not kept for ever.
const maxPooledBytes = 64 << 10

// serve reads and runs commands until the connection ends, and then takes down what it leaves.
func (c *connection) serve() {
	defer c.leave()
	// coder/websocket spends a goroutine on each read whose context may end; ours end with the socket.
	ctx := context.WithoutCancel(c.hub.ctx)
	for {
		kind, message, err := c.ws.Reader(ctx)
		if err == nil {
			err = c.receive(kind, message)
		}
		if errors.Is(err, websocket.ErrMessageTooBig) {
			c.linger()
		}
		if err != nil {
			return
		}
	}
}

// receive reads one message and runs its commands.
func (c *connection) receive(kind websocket.MessageType, message io.Reader) error {
	buf, _ := messages.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= maxPooledBytes {
			buf.Reset()
			messages.Put(buf)
		}
	}()
	c.readBy(time.Now().Add(messageTimeout))
	if _, err := buf.ReadFrom(message); err != nil {
		return err
	}
	c.readBy(time.Time{})
	if c.isEnding() {
		return nil
	}
	if kind != websocket.MessageText {
		c.disconnect(DisconnectInappropriateProtocol)
		return nil
	}
	defer c.rescue()
	c.handle(buf.Bytes())
	return nil
}

// readBy sets when reading gives up, unless the connection is ending: then that is set already.
func (c *connection) readBy(deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending == 0 {
		_ = c.transport.SetReadDeadline(deadline) // a closed socket says so when it is read
	}
}

// linger reads on for a moment after coder/websocket has said that a message is too big: closing a
// socket with unread bytes resets it, and the client would never see why.
func (c *connection) linger() {
	c.mu.Lock()
	c.ending, c.ended = DisconnectBadRequest, true
	c.mu.Unlock()
	_ = c.transport.SetReadDeadline(time.Now().Add(closeTimeout)) // a closed socket says so when it is read
	_, _ = io.Copy(io.Discard, io.LimitReader(c.transport, 16*int64(c.hub.options.MaxFrameBytes)))
}

// rescue keeps a bug that one client's commands have hit from ending the others.
func (c *connection) rescue() {
	if reason := recover(); reason != nil {
		c.hub.log.Error("connection panicked", "client", c.id, "panic", reason, "stack", string(debug.Stack()))
		c.disconnect(DisconnectServerError)
	}
}

// leave takes down what the connection held.
func (c *connection) leave() {
	c.ws.CloseNow()
	c.mu.Lock()
	c.gone, c.ended, c.replies, c.dirty = true, true, nil, nil
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(c.hub.ctx, leaveTimeout)
	defer cancel()
	for _, s := range c.held() {
		c.drop(ctx, s)
	}
	c.hub.forget(c)
}
