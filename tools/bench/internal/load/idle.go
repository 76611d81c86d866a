package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"magpie.build/tools/bench/internal/server"
	"magpie.build/tools/bench/internal/wire"
)

// Idle is what connections cost that say nothing.
type Idle struct {
	Connections int `json:"connections"`
	// Before and After are the server's resident memory without and with the connections.
	Before int64 `json:"rss_before_bytes"`
	After  int64 `json:"rss_after_bytes"`
	// CPU is the share of one core that the server uses at rest.
	CPU float64 `json:"cpu_share"`
}

// Each returns by how many bytes one connection made the resident memory grow.
func (i Idle) Each() int64 { return (i.After - i.Before) / int64(max(i.Connections, 1)) }

// warmUp is how many connections come and go before the memory without any is read: a server's first ones have it
// allocate what later ones share.
const warmUp = 50

// pings is how many halves of the rest the CPU is measured for. With the usual rest of 10 s they are 25 s, at which
// servers ping: a shorter look would see none.
const pings = 5

// MeasureIdle opens n connections with one subscription each, lets them rest, and closes them. The server must be fresh:
// what earlier connections have left behind would be room that these need not ask for.
func MeasureIdle(ctx context.Context, s Server, n int, rest time.Duration) (Idle, error) {
	if _, err := s.Usage(); err != nil {
		return Idle{}, err
	}
	early, err := openIdle(ctx, s, min(n, warmUp))
	if err != nil {
		return Idle{}, err
	}
	closeAll(early)
	before, err := restingUsage(ctx, s, rest/5)
	if err != nil {
		return Idle{}, err
	}
	conns, err := openIdle(ctx, s, n)
	if err != nil {
		return Idle{}, err
	}
	var readers sync.WaitGroup
	defer readers.Wait()
	defer closeAll(conns)
	for _, c := range conns {
		readers.Go(func() { _ = c.Receive(func(wire.Publication) {}, func(error) {}) }) // answers pings
	}
	settled, err := restingUsage(ctx, s, rest/2) // the garbage of the handshakes goes
	if err != nil {
		return Idle{}, err
	}
	window := pings * rest / 2
	after, err := restingUsage(ctx, s, window)
	share := float64(after.CPU-settled.CPU) / float64(window)
	return Idle{Connections: n, Before: before.RSS, After: after.RSS, CPU: share}, err
}

func openIdle(ctx context.Context, s Server, n int) ([]*wire.Conn, error) {
	return join(ctx, s, n, func(i int) string { return fmt.Sprintf("plain:idle-%d", i) })
}

func restingUsage(ctx context.Context, s Server, rest time.Duration) (server.Usage, error) {
	if err := wait(ctx, rest); err != nil {
		return server.Usage{}, err
	}
	return s.Usage()
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
