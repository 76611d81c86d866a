package realtime_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// client is a bare WebSocket that speaks lines.
type client struct {
	t       *testing.T
	ws      *websocket.Conn
	pending []string
	// patience is how long it waits for what must happen.
	patience time.Duration
}

// dial connects a bare WebSocket.
func dial(t *testing.T, url string) *client {
	t.Helper()
	return dialWith(t, url)
}

// dialWith is dial for who asks for a subprotocol.
func dialWith(t *testing.T, url string, subprotocols ...string) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: subprotocols}) //nolint:bodyclose // the library closes it
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(16 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &client{t: t, ws: ws, patience: patience}
}

// send sends one message.
func (c *client) send(message string) {
	c.t.Helper()
	if err := c.write(message); err != nil {
		c.t.Fatalf("send %s: %v", message, err)
	}
}

// write is send for when that may go wrong.
func (c *client) write(message string) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), c.patience)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, []byte(message))
}

// writeBinary sends a binary message.
func (c *client) writeBinary(message []byte) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), c.patience)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageBinary, message)
}

// next returns the next object that the server sends, or how it closed the connection, as "close
// <code> <reason>".
func (c *client) next() string {
	c.t.Helper()
	for len(c.pending) == 0 {
		ctx, cancel := context.WithTimeout(c.t.Context(), c.patience)
		_, message, err := c.ws.Read(ctx)
		cancel()
		if closed, ok := errors.AsType[websocket.CloseError](err); ok {
			return fmt.Sprintf("close %d %s", closed.Code, closed.Reason)
		}
		if err != nil {
			c.t.Fatalf("the connection broke: %v", err)
		}
		c.pending = strings.Split(string(message), "\n")
	}
	line := c.pending[0]
	c.pending = c.pending[1:]
	return line
}

// call sends a command and returns its answer.
func (c *client) call(command string) string {
	c.t.Helper()
	c.send(command)
	return c.next()
}

// ponging answers pings until something else comes, and returns that.
func (c *client) ponging() string {
	c.t.Helper()
	for {
		got := c.next()
		if got != "{}" {
			return got
		}
		c.send("{}")
	}
}
