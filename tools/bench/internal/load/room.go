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

// A Server is what is put under load.
type Server interface {
	// Addr returns where it takes WebSocket connections, as host:port.
	Addr() string
	// Usage returns what it has used so far, or an error where that cannot be known.
	Usage() (server.Usage, error)
}

// joinsAtOnce is how many connections are opened side by side: enough to keep two cores busy, few enough
// for the queue of a listening socket.
const joinsAtOnce = 32

// join opens n connections to addr that are subscribed to what channel names. On an error none is left.
func join(ctx context.Context, addr string, n int, channel func(i int) string) ([]*wire.Conn, error) {
	conns := make([]*wire.Conn, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(joinsAtOnce)
	for i := range conns {
		group.Go(func() (err error) {
			conns[i], err = wire.Join(ctx, addr, channel(i))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		closeAll(conns)
		return nil, err
	}
	return conns, nil
}

func closeAll(conns []*wire.Conn) {
	for _, c := range conns {
		if c != nil {
			_ = c.Close()
		}
	}
}

// A room is one channel with its subscribers and senders, for one measurement: sequence numbers begin
// at 1.
type room struct {
	channel     string
	size        int // bytes of a publication's payload
	subscribers []*wire.Conn
	trackers    [][]tracker // by subscriber and sender; owned by the subscriber's goroutine
	senders     []*wire.Conn
	started     time.Time

	latencies histogram
	delivered atomic.Int64
	readers   sync.WaitGroup

	mu   sync.Mutex
	errs []error // why connections ended early, or commands were refused; the first few
}

// senders are several, because a server may bound how much one connection says.
const senders = 4

func openRoom(ctx context.Context, addr, channel string, subscribers, size int) (*room, error) {
	r := &room{channel: channel, size: size, started: time.Now()}
	var err error
	if r.subscribers, err = join(ctx, addr, subscribers, func(int) string { return channel }); err != nil {
		return nil, err
	}
	if r.senders, err = join(ctx, addr, senders, func(int) string { return "" }); err != nil {
		closeAll(r.subscribers)
		return nil, err
	}
	r.trackers = make([][]tracker, subscribers)
	for i, c := range r.subscribers {
		r.trackers[i] = make([]tracker, senders)
		r.readers.Go(func() {
			r.note(c.Receive(func(p wire.Publication) { r.receive(i, p) }, r.note))
		})
	}
	for _, c := range r.senders {
		r.readers.Go(func() { r.note(c.Receive(func(wire.Publication) {}, r.note)) })
	}
	return r, nil
}

func (r *room) receive(subscriber int, p wire.Publication) {
	if p.Sender < 0 || p.Sender >= senders {
		return
	}
	r.latencies.add(time.Since(r.started) - time.Duration(p.At))
	if r.trackers[subscriber][p.Sender].receive(p.Seq) {
		r.delivered.Add(1)
	}
}

// maxErrors is how many are kept: one reason tends to end a thousand connections.
const maxErrors = 5

func (r *room) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, err)
	}
}

// publish sends at the given rate for d, by the clock: a late publication is sent at once, and its latency
// counts from when it was due, so that a slow server is not asked less. It returns how many were sent.
func (r *room) publish(ctx context.Context, rate float64, d time.Duration) (int64, error) {
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
		}
		p := wire.Publication{Sender: int(n % senders), Seq: n/senders + 1, At: int64(due.Sub(r.started))}
		if err := r.senders[p.Sender].Publish(r.channel, p, r.size); err != nil {
			return n, fmt.Errorf("publish: %w", err)
		}
		if time.Since(start) > 2*d {
			return n + 1, nil // the server no longer reads as fast as this; what was sent still counts
		}
	}
	return total, nil
}

// drain waits until every subscriber has got all of the sent publications, or nothing has come for patience.
func (r *room) drain(ctx context.Context, sent int64, patience time.Duration) {
	want := sent * int64(len(r.subscribers))
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
func (r *room) close(sent int64) (Faults, []error) {
	r.mu.Lock()
	errs := r.errs
	r.errs = make([]error, 0, maxErrors) // what follows is our own doing
	r.mu.Unlock()
	closeAll(r.subscribers)
	closeAll(r.senders)
	r.readers.Wait()

	var faults Faults
	for _, bySender := range r.trackers {
		for sender := range bySender {
			own := (sent - int64(sender) + senders - 1) / senders
			faults = faults.plus(bySender[sender].end(own))
		}
	}
	return faults, errs
}

// say writes progress for people. It cannot fail in a way that matters.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
