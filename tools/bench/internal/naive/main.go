// Command naive is the realtime server that one writes first, to be measured: each connection has a goroutine, a queue and
// a write for each message. It speaks as much of the Centrifuge protocol as the load needs, and forgets nothing only
// because its queues have no end but the reader's: who is too slow is disconnected.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// queueLength is how many messages may wait for a connection.
const queueLength = 1024

type hub struct {
	mu    sync.RWMutex
	rooms map[string]map[*client]bool
}

type client struct {
	conn  *websocket.Conn
	queue chan []byte
	end   context.CancelFunc
}

type command struct {
	ID                 int
	Connect            *struct{}
	Subscribe, Publish *struct {
		Channel string
		Data    json.RawMessage
	}
}

func main() {
	h := &hub{rooms: map[string]map[*client]bool{}}
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", h)
	server := &http.Server{Addr: os.Args[1], Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}

// ServeHTTP serves a connection until it ends.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	c := &client{conn: conn, queue: make(chan []byte, queueLength), end: cancel}
	go c.write(ctx)
	defer h.forget(c)
	for {
		_, message, err := conn.Read(ctx)
		if err != nil {
			return
		}
		for object := range bytes.SplitSeq(message, []byte("\n")) {
			var cmd command
			if json.Unmarshal(object, &cmd) == nil {
				h.run(c, &cmd)
			}
		}
	}
}

func (c *client) write(ctx context.Context) {
	defer func() { _ = c.conn.CloseNow() }()
	for {
		select {
		case message := <-c.queue:
			if c.conn.Write(ctx, websocket.MessageText, message) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (c *client) send(message []byte) {
	select {
	case c.queue <- message:
	default:
		c.end()
	}
}

func (h *hub) run(c *client, cmd *command) {
	switch {
	case cmd.Connect != nil:
		c.send(fmt.Appendf(nil, `{"id":%d,"connect":{}}`, cmd.ID))
	case cmd.Subscribe != nil:
		h.join(c, cmd.Subscribe.Channel)
		c.send(fmt.Appendf(nil, `{"id":%d,"subscribe":{}}`, cmd.ID))
	case cmd.Publish != nil:
		push := fmt.Appendf(nil, `{"push":{"channel":%q,"pub":{"data":%s}}}`, cmd.Publish.Channel, cmd.Publish.Data)
		h.mu.RLock()
		for member := range h.rooms[cmd.Publish.Channel] {
			member.send(push)
		}
		h.mu.RUnlock()
		c.send(fmt.Appendf(nil, `{"id":%d,"publish":{}}`, cmd.ID))
	}
}

func (h *hub) join(c *client, room string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rooms[room] == nil {
		h.rooms[room] = map[*client]bool{}
	}
	h.rooms[room][c] = true
}

func (h *hub) forget(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, members := range h.rooms {
		delete(members, c)
	}
}
