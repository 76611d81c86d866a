// Package wire is a client of the Centrifuge protocol that hides nothing: every reply and every push is handed over as it
// comes, so that what is recorded is what a client's application would be shown.
package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	// path is where Centrifuge servers take WebSocket connections.
	path = "/connection/websocket"
	// maxMessage holds the longest reply that there is: a thousand publications.
	maxMessage = 16 << 20
	// DialTime is how long a connection and its handshake may take.
	DialTime = 3 * time.Second
	// ReplyTime is how long a reply may take, as in the protocol's own clients.
	ReplyTime = 5 * time.Second
	// pingGrace is how late a ping may be before the server counts as gone, as in the protocol's own clients.
	pingGrace = 10 * time.Second
)

// Position is a place in a channel's history.
type Position struct {
	Epoch  string `json:"epoch"`
	Offset uint64 `json:"offset"`
}

// Publication is what was published.
type Publication struct {
	Offset uint64          `json:"offset"`
	Data   json.RawMessage `json:"data"`
}

// Push is what comes without being asked for.
type Push struct {
	Channel     string       `json:"channel"`
	Pub         *Publication `json:"pub"`
	Unsubscribe *struct {
		Code   int    `json:"code"`
		Reason string `json:"reason"`
	} `json:"unsubscribe"`
}

// Reply is the answer to a command. At most one of the results is there.
type Reply struct {
	ID        uint32           `json:"id"`
	Error     *Error           `json:"error"`
	Connect   *ConnectResult   `json:"connect"`
	Subscribe *SubscribeResult `json:"subscribe"`
	History   *HistoryResult   `json:"history"`
	Push      *Push            `json:"push"`
}

// ConnectResult is the answer to a connect command.
type ConnectResult struct {
	Client string `json:"client"`
	Ping   int    `json:"ping"`
	Pong   bool   `json:"pong"`
}

// SubscribeResult is the answer to a subscribe command.
type SubscribeResult struct {
	Position
	Recoverable   bool          `json:"recoverable"`
	Recovered     bool          `json:"recovered"`
	WasRecovering bool          `json:"was_recovering"`
	Publications  []Publication `json:"publications"`
}

// HistoryResult is the answer to a history command.
type HistoryResult struct {
	Position
	Publications []Publication `json:"publications"`
}

// Error is what a server answers instead of a result.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error is the message and its code.
func (e *Error) Error() string { return fmt.Sprintf("the server answers %d: %s", e.Code, e.Message) }

// Handler is told of what comes, in its order, by one goroutine: it delays all that comes after.
type Handler interface {
	// HandlePush is called for each push.
	HandlePush(push *Push)
	// HandleSubscribe is called for the reply to [Conn.Subscribe], before any push that follows it.
	HandleSubscribe(channel string, result *SubscribeResult)
}

// Conn is one connection. Commands may be sent by several goroutines.
type Conn struct {
	ws      *websocket.Conn
	handler Handler
	silence time.Duration // after which the server counts as gone
	pong    bool

	mu      sync.Mutex
	last    uint32
	waiting map[uint32]*waiter
	gone    bool
}

// waiter is a command that has no reply yet.
type waiter struct {
	channel string // of a subscribe
	reply   chan *Reply
}

// Dial opens a connection to a server at host:port and says hello. The header may carry a session's cookie.
func Dial(ctx context.Context, addr string, header http.Header, handler Handler) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, DialTime)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, "ws://"+addr+path, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		return nil, fmt.Errorf("open a WebSocket at %s: %w", addr, err)
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	ws.SetReadLimit(maxMessage)
	c := &Conn{ws: ws, handler: handler, waiting: make(map[uint32]*waiter)}
	if err := c.hello(ctx); err != nil {
		_ = ws.CloseNow()
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return c, nil
}

func (c *Conn) hello(ctx context.Context) error {
	c.last = 1
	if err := c.ws.Write(ctx, websocket.MessageText, []byte(`{"id":1,"connect":{}}`)); err != nil {
		return err
	}
	_, message, err := c.ws.Read(ctx)
	if err != nil {
		return err
	}
	var reply Reply
	if err := json.Unmarshal(message, &reply); err != nil {
		return err
	}
	switch {
	case reply.Error != nil:
		return reply.Error
	case reply.Connect == nil:
		return fmt.Errorf("the first reply is %s", message)
	}
	c.pong = reply.Connect.Pong
	c.silence = time.Duration(reply.Connect.Ping)*time.Second + pingGrace
	return nil
}

// Close ends the connection without a farewell.
func (c *Conn) Close() { _ = c.ws.CloseNow() }

// Run reads until the connection ends, and says why it did. It is called once.
func (c *Conn) Run(ctx context.Context) error {
	defer c.forget()
	for {
		message, err := c.next(ctx)
		if err != nil {
			return err
		}
		for line := range bytes.SplitSeq(bytes.TrimSpace(message), []byte("\n")) {
			if err := c.take(ctx, line); err != nil {
				return err
			}
		}
	}
}

func (c *Conn) next(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.silence, errors.New("the server says nothing, not even pings"))
	defer cancel()
	_, message, err := c.ws.Read(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return message, err
}

// take handles one object.
func (c *Conn) take(ctx context.Context, line []byte) error {
	var reply Reply
	if err := json.Unmarshal(line, &reply); err != nil {
		return fmt.Errorf("understand %q: %w", line, err)
	}
	switch {
	case reply.Push != nil:
		c.handler.HandlePush(reply.Push)
	case reply.ID != 0:
		c.answer(&reply)
	case c.pong:
		return c.ws.Write(ctx, websocket.MessageText, []byte("{}"))
	}
	return nil
}

func (c *Conn) answer(reply *Reply) {
	c.mu.Lock()
	w := c.waiting[reply.ID]
	delete(c.waiting, reply.ID)
	c.mu.Unlock()
	if w == nil {
		return // nobody waits any more
	}
	if reply.Subscribe != nil {
		c.handler.HandleSubscribe(w.channel, reply.Subscribe)
	}
	w.reply <- reply
}

// forget lets those who wait know that no reply will come.
func (c *Conn) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	for id, w := range c.waiting {
		close(w.reply)
		delete(c.waiting, id)
	}
}

// ErrGone is the error of commands on a connection that has ended.
var ErrGone = errors.New("the connection has ended")

// do sends a command and waits for its reply. [Conn.Run] must run.
func (c *Conn) do(ctx context.Context, name, channel string, request any) (*Reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, ReplyTime, fmt.Errorf("no reply to %s for %v", name, ReplyTime))
	defer cancel()
	w := &waiter{channel: channel, reply: make(chan *Reply, 1)}
	c.mu.Lock()
	if c.gone {
		c.mu.Unlock()
		return nil, ErrGone
	}
	c.last++
	id := c.last
	c.waiting[id] = w
	c.mu.Unlock()
	command, err := json.Marshal(map[string]any{"id": id, name: request})
	if err != nil {
		return nil, err
	}
	if err := c.ws.Write(ctx, websocket.MessageText, command); err != nil {
		return nil, fmt.Errorf("send %s: %w", name, err)
	}
	select {
	case reply, ok := <-w.reply:
		switch {
		case !ok:
			return nil, ErrGone
		case reply.Error != nil:
			return nil, reply.Error
		}
		return reply, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Subscribe follows a channel, from a position on where there is one. What it answers goes to [Handler.HandleSubscribe].
func (c *Conn) Subscribe(ctx context.Context, channel string, since *Position) error {
	request := map[string]any{"channel": channel}
	if since != nil {
		request["recover"], request["epoch"], request["offset"] = true, since.Epoch, since.Offset
	}
	_, err := c.do(ctx, "subscribe", channel, request)
	return err
}

// Publish sends data to a channel, and returns when the server has acknowledged it.
func (c *Conn) Publish(ctx context.Context, channel string, data any) error {
	_, err := c.do(ctx, "publish", channel, map[string]any{"channel": channel, "data": data})
	return err
}

// History reads a page of a channel's history: what comes after a position, or else the oldest.
func (c *Conn) History(ctx context.Context, channel string, since *Position, limit int) (*HistoryResult, error) {
	request := map[string]any{"channel": channel, "limit": limit}
	if since != nil {
		request["since"] = since
	}
	reply, err := c.do(ctx, "history", channel, request)
	if err != nil {
		return nil, err
	}
	if reply.History == nil {
		return nil, fmt.Errorf("history of %s: a reply without one", channel)
	}
	return reply.History, nil
}
