// Package load puts a realtime server under load and checks every delivery.
package load

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie.build/tools/bench/internal/server"
	"magpie.build/tools/bench/internal/wire"
)

// A Server is what is put under load: a process, or several that are joined.
type Server interface {
	// Addrs returns where it takes WebSocket connections, as host:port; several where it is several processes.
	Addrs() []string
	// Protocol returns what it speaks.
	Protocol() wire.Protocol
	// Usage returns what it has used so far, or an error where that cannot be known.
	Usage() (server.Usage, error)
}

// joinsAtOnce is how many connections are opened side by side: enough to keep two cores busy, few enough
// for the queue of a listening socket.
const joinsAtOnce = 32

// join opens n connections, spread over the server's addresses, that are subscribed to what channel names. On an error
// none is left.
func join(ctx context.Context, s Server, n int, channel func(i int) string) ([]*wire.Conn, error) {
	addrs := s.Addrs()
	conns := make([]*wire.Conn, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(joinsAtOnce)
	for i := range conns {
		group.Go(func() (err error) {
			conns[i], err = wire.Join(ctx, s.Protocol(), addrs[i%len(addrs)], channel(i))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		closeAll(conns)
		return nil, err
	}
	return conns, nil
}

// addresses are servers of which no more is known than where they are.
type addresses []string

func (a addresses) Addrs() []string { return a }

func (addresses) Protocol() wire.Protocol { return wire.Centrifuge{} }

func (addresses) Usage() (server.Usage, error) { return server.Usage{}, server.ErrNoUsage }

func closeAll(conns []*wire.Conn) {
	for _, c := range conns {
		if c != nil {
			_ = c.Close()
		}
	}
}

// rooms are channels with their subscribers and senders, for one measurement: sequence numbers begin at 1 in each.
type rooms struct {
	channels    []string
	size        int // bytes of a publication's payload
	subscribers []*wire.Conn
	trackers    [][]tracker // by subscriber and lane; owned by the subscriber's goroutine
	senders     []*wire.Conn
	started     time.Time

	latencies histogram
	delivered atomic.Int64
	readers   sync.WaitGroup

	mu   sync.Mutex
	errs []error // why connections ended early, or commands were refused; the first few
}

// A room's publications take turns on so many lanes. A lane is always sent by the same connection, so its order is kept.
const lanes = 4

// maxSenders bounds the connections that publish. There are several, because a server may bound how much one says.
const maxSenders = 64

func openRooms(ctx context.Context, s Server, f FanOut) (*rooms, error) {
	r := &rooms{channels: make([]string, f.Rooms), size: f.Bytes, started: time.Now()}
	for i := range r.channels {
		r.channels[i] = fmt.Sprintf("%s%d-%d", f.Prefix, r.started.UnixNano(), i)
	}
	var err error
	n := f.Rooms * f.Subscribers
	// Neighbours are in one room, and on different servers.
	if r.subscribers, err = join(ctx, s, n, func(i int) string { return r.channels[i/f.Subscribers] }); err != nil {
		return nil, err
	}
	if r.senders, err = join(ctx, s, min(lanes*f.Rooms, maxSenders), func(int) string { return "" }); err != nil {
		closeAll(r.subscribers)
		return nil, err
	}
	r.trackers = make([][]tracker, n)
	for i, c := range r.subscribers {
		r.trackers[i] = make([]tracker, lanes)
		r.readers.Go(func() {
			r.note(c.Receive(func(p wire.Publication) { r.receive(i, p) }, r.note))
		})
	}
	for _, c := range r.senders {
		r.readers.Go(func() { r.note(c.Receive(func(wire.Publication) {}, r.note)) })
	}
	return r, nil
}

func (r *rooms) receive(subscriber int, p wire.Publication) {
	if p.Sender < 0 || p.Sender >= lanes {
		return
	}
	r.latencies.add(time.Since(r.started) - time.Duration(p.At))
	if r.trackers[subscriber][p.Sender].receive(p.Seq) {
		r.delivered.Add(1)
	}
}

// maxErrors is how many are kept: one reason tends to end a thousand connections.
const maxErrors = 5

func (r *rooms) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, err)
	}
}

// publish sends at the given rate over all rooms for d, by the clock: a late publication is sent at once, and its latency
// counts from when it was due, so that a slow server is not asked less, but for the millisecond that a timer may be late by itself.
// It returns how many were sent.
func (r *rooms) publish(ctx context.Context, rate float64, d time.Duration) (int64, error) {
	start := time.Now()
	total := int64(rate * d.Seconds())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := range total {
		due := start.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return n, ctx.Err()
			}
			due = due.Add(min(time.Since(due), time.Millisecond))
		}
		room, turn := n%int64(len(r.channels)), n/int64(len(r.channels))
		p := wire.Publication{Sender: int(turn % lanes), Seq: turn/lanes + 1, At: int64(due.Sub(r.started))}
		sender := r.senders[(int(room)*lanes+p.Sender)%len(r.senders)]
		if err := sender.Publish(r.channels[room], p, r.size); err != nil {
			return n, fmt.Errorf("publish: %w", err)
		}
		if time.Since(start) > 2*d {
			return n + 1, nil // the server no longer reads as fast as this; what was sent still counts
		}
	}
	return total, nil
}

// sentTo returns how many of all that was sent went to a room.
func (r *rooms) sentTo(room int, sent int64) int64 {
	n := int64(len(r.channels))
	return (sent - int64(room) + n - 1) / n
}

// drain waits until every subscriber has got all of the sent publications, or nothing has come for patience.
func (r *rooms) drain(ctx context.Context, sent int64, patience time.Duration) {
	perRoom := len(r.subscribers) / len(r.channels)
	want := sent * int64(perRoom)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	last, since := r.delivered.Load(), time.Now()
	for last < want && time.Since(since) < patience {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if now := r.delivered.Load(); now != last {
			last, since = now, time.Now()
		}
	}
}

// close ends all connections, waits for their readers, and returns the faults and what was noted before.
func (r *rooms) close(sent int64) (Faults, []error) {
	r.mu.Lock()
	errs := r.errs
	r.errs = make([]error, 0, maxErrors) // what follows is our own doing
	r.mu.Unlock()
	closeAll(r.subscribers)
	closeAll(r.senders)
	r.readers.Wait()

	var faults Faults
	perRoom := len(r.subscribers) / len(r.channels)
	for i, byLane := range r.trackers {
		toRoom := r.sentTo(i/perRoom, sent)
		for lane := range byLane {
			own := (toRoom - int64(lane) + lanes - 1) / lanes
			faults = faults.plus(byLane[lane].end(own))
		}
	}
	return faults, errs
}

// say writes progress for people. It cannot fail in a way that matters.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
