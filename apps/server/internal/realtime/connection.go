package realtime

import (
	"errors"
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// closeTimeout is how long a client may take to answer a close frame.
const closeTimeout = 3 * time.Second

// connection is one client, over whatever carries it. One goroutine at a time belongs to it (resting.go), its reader, which
// runs its commands one after another and takes down what it leaves. Its shard writes to it.
type connection struct {
	hub       *Hub
	shard     *shard
	id        string
	since     time.Time
	codec     codec
	transport transport
	// pings are how it is asked for a sign of life, listens says that it sends nothing but its connect.
	pings   pings
	listens bool

	// These are the reader's. header and remoteAddr are the HTTP request's, until the client has
	// connected; refused says that it was not let in.
	header     http.Header
	remoteAddr string
	refused    bool
	credit     credit
	// publishes and subscribes are what it may send of those beside.
	publishes, subscribes credit
	// from is the address that the connection counts for, and counted the user.
	from    netip.Addr
	counted string

	// turn is held while a command of the client's or an order of the server's is carried out: one
	// after another they subscribe and unsubscribe. client changes with both turn and mu held.
	turn   sync.Mutex
	client Client
	// place is where the hub has it among its user's connections, under the hub's mu; -1 is nowhere.
	place int

	mu sync.Mutex
	// replies are objects to be sent, with the separator between each two. room, when not nil, is closed
	// once they have been taken.
	replies []byte
	room    chan struct{}
	// subscriptions are in no order; dirty are those with something to send.
	subscriptions []*subscription
	dirty         []*subscription
	// pingsFrame says that a ping frame is to be sent.
	pingsFrame bool
	// queued says that the shard's list has the connection.
	queued bool
	// stalled says that the socket takes no more for now: catchUp writes, and the shard does not.
	stalled bool
	// ending is why the connection is being closed, 0 while it is not; ended that its last frame is
	// on its way; gone that the reader has left.
	ending DisconnectError
	ended  bool
	gone   bool
	pulse  pulse

	// slot and index are where the wheel has it.
	slot, index int
}

// push sends objects, which nobody changes any more.
func (c *connection) push(objects ...[]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enqueue(objects...)
}

// enqueue is push with mu held.
func (c *connection) enqueue(objects ...[]byte) {
	if c.ending != 0 {
		return
	}
	for _, object := range objects {
		if len(c.replies) == 0 {
			c.replies = slices.Clip(object) // a long one is not copied, and never written behind
			continue
		}
		c.replies = append(append(c.replies, c.codec.separator()...), object...)
	}
	c.schedule()
}

// awaitRoom waits while the client has too many replies to take: it is not read from meanwhile. How
// long that may last is bounded by catchUp.
func (c *connection) awaitRoom() {
	for {
		c.mu.Lock()
		if len(c.replies) <= c.hub.options.MaxBacklogBytes || c.ending != 0 {
			c.mu.Unlock()
			return
		}
		room := make(chan struct{})
		c.room = room
		c.mu.Unlock()
		<-room
	}
}

// makeRoom ends the wait. mu is held.
func (c *connection) makeRoom() {
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

// schedule has the shard flush the connection. mu is held.
func (c *connection) schedule() {
	if c.wantsFlush() {
		c.shard.addConnection(c)
	}
}

// wantsFlush reports whether the connection is to be put on the shard's list, and notes that it is.
// mu is held.
func (c *connection) wantsFlush() bool {
	if c.queued || c.stalled {
		return false
	}
	c.queued = true
	return true
}

// disconnect closes the connection: what waits goes out, then a close frame.
func (c *connection) disconnect(reason DisconnectError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(reason)
}

// end is disconnect with mu held.
func (c *connection) end(reason DisconnectError) {
	if c.ending != 0 {
		return
	}
	c.ending = reason
	c.makeRoom()
	c.hub.counters.disconnects.add(reason)
	// The reader goes on, so as to see the client's answer, but not for long.
	c.transport.readBy(time.Now().Add(closeTimeout))
	c.schedule()
}

// abandon ends a connection that lags too far. If its socket takes nothing, there is no use in
// waiting until it takes a close frame. mu is held.
func (c *connection) abandon() {
	c.end(DisconnectSlow)
	if c.stalled {
		c.transport.abort()
	}
}

// lose ends a connection that cannot be written to.
func (c *connection) lose(reason DisconnectError, err error) {
	c.disconnect(reason)
	if !errors.Is(err, net.ErrClosed) { // else its close frame is on the way, and it closes itself
		c.transport.abort()
	}
}

func (c *connection) isEnding() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending != 0
}

// flush writes what the client has not seen. It never waits: if the socket is full, a goroutine takes
// over until the client has caught up. Only the connection's shard calls it.
func (c *connection) flush(out *scratch) {
	c.mu.Lock()
	c.queued = false
	if c.stalled {
		c.mu.Unlock()
		return
	}
	last := c.gather(out)
	c.mu.Unlock()

	taken, err := c.write(out, last)
	if err != nil {
		c.lose(DisconnectWriteError, err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stalled = !c.gone && (!taken || c.laggard() != nil); c.stalled {
		c.hub.alive.Go(c.catchUp)
	} else if len(c.dirty) > 0 {
		c.schedule()
	}
}

// gather collects what is to be sent, and reports whether a close frame ends it. mu is held.
func (c *connection) gather(out *scratch) (last bool) {
	out.reset()
	if c.ended {
		return false
	}
	out.ping, c.pingsFrame = c.pingsFrame, false
	if len(c.replies) > 0 {
		out.addObject(c.replies)
		c.replies = nil
		c.makeRoom()
	}
	limit := maxFlushBytes
	if c.ending != 0 {
		limit = math.MaxInt
	}
	c.dirty = slices.DeleteFunc(c.dirty, func(s *subscription) bool {
		s.queued = s.gather(out, limit)
		return !s.queued
	})
	c.ended = c.ending != 0
	return c.ended
}

// write sends what was gathered.
func (c *connection) write(out *scratch, last bool) (taken bool, err error) {
	message := out.message(c.transport)
	if out.ping {
		message = append([]byte(pingFrame), message...)
	}
	if last {
		message = c.transport.appendEnd(append([]byte(nil), message...), c.ending)
	}
	if len(message) == 0 {
		return true, nil
	}
	c.shard.counters.deliveries.Add(uint64(out.entries))
	c.shard.counters.bytes.Add(uint64(len(message)))
	return c.transport.send(message, last)
}
