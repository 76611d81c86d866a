package load

import (
	"context"
	"fmt"
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

// Each returns by how many bytes one connection made the resident memory grow. A server that held memory it did
// not use grows by less than connections need; After over Connections is the other bound.
func (i Idle) Each() int64 { return (i.After - i.Before) / int64(max(i.Connections, 1)) }

// MeasureIdle opens n connections with one subscription each, lets them rest, and closes them.
//
// Before, half as many come and go: what a server allocated at its start would otherwise be taken for theirs,
// or be room that they need not ask for.
func MeasureIdle(ctx context.Context, s Server, n int, rest time.Duration) (Idle, error) {
	if _, err := s.Usage(); err != nil {
		return Idle{}, err
	}
	early, err := openIdle(ctx, s, n/2)
	if err != nil {
		return Idle{}, err
	}
	closeAll(early)
	before, err := restingUsage(ctx, s, rest)
	if err != nil {
		return Idle{}, err
	}
	conns, err := openIdle(ctx, s, n)
	if err != nil {
		return Idle{}, err
	}
	defer closeAll(conns)
	settled, err := restingUsage(ctx, s, rest/2) // the garbage of the handshakes goes
	if err != nil {
		return Idle{}, err
	}
	after, err := restingUsage(ctx, s, rest/2)
	share := float64(after.CPU-settled.CPU) / float64(rest/2)
	return Idle{Connections: n, Before: before.RSS, After: after.RSS, CPU: share}, err
}

func openIdle(ctx context.Context, s Server, n int) ([]*wire.Conn, error) {
	return join(ctx, s.Addr(), n, func(i int) string { return fmt.Sprintf("bench:idle-%d", i) })
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
