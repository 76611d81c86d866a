package load

import (
	"context"
	"fmt"
	"time"
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

// Each returns the resident memory of one connection in bytes.
func (i Idle) Each() int64 { return (i.After - i.Before) / int64(max(i.Connections, 1)) }

// MeasureIdle opens n connections with one subscription each, lets them rest, and closes them.
func MeasureIdle(ctx context.Context, s Server, n int, rest time.Duration) (Idle, error) {
	before, err := s.Usage()
	if err != nil {
		return Idle{}, err
	}
	conns, err := join(ctx, s.Addr(), n, func(i int) string { return fmt.Sprintf("bench:idle-%d", i) })
	if err != nil {
		return Idle{}, err
	}
	defer closeAll(conns)
	// The first half lets the garbage of the handshakes go; the second is measured.
	if err := wait(ctx, rest/2); err != nil {
		return Idle{}, err
	}
	settled, err := s.Usage()
	if err != nil {
		return Idle{}, err
	}
	if err := wait(ctx, rest/2); err != nil {
		return Idle{}, err
	}
	after, err := s.Usage()
	if err != nil {
		return Idle{}, err
	}
	share := float64(after.CPU-settled.CPU) / float64(rest/2)
	return Idle{Connections: n, Before: before.RSS, After: after.RSS, CPU: share}, nil
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
