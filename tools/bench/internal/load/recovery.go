package load

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie.build/tools/bench/internal/server"
	"magpie.build/tools/bench/internal/wire"
)

// Recovery is what it takes that clients which were away all come back at once.
type Recovery struct {
	Clients int `json:"clients"`
	// Missed is how many publications each of them missed, Incomplete how many clients did not get all of them.
	Missed     int `json:"missed"`
	Incomplete int `json:"incomplete"`
	// Took is from the first handshake until the last client has everything.
	Took time.Duration `json:"took_ns"`
	CPU  time.Duration `json:"server_cpu_ns"`
	// Redis counts the commands meanwhile, by name; nil without Redis.
	Redis map[string]int64 `json:"redis,omitempty"`
}

// Calls returns how many commands Redis was asked.
func (r Recovery) Calls() (n int64) {
	for _, calls := range r.Redis {
		n += calls
	}
	return n
}

// MeasureRecovery has n clients subscribe to one channel with history, go, miss publications, and come back. redis may be
// nil.
func MeasureRecovery(ctx context.Context, s Server, redis *server.Redis, n, missed int) (Recovery, error) {
	channel := fmt.Sprintf("history:%d", time.Now().UnixNano())
	since, err := position(ctx, s, channel)
	if err != nil {
		return Recovery{}, err
	}
	if err := publishAll(ctx, s, channel, missed); err != nil {
		return Recovery{}, err
	}
	calls := func() map[string]int64 {
		if redis == nil {
			return nil
		}
		c, _ := redis.Calls(ctx)
		return c
	}
	before, asked := usageOf(s), calls()
	start := time.Now()
	answers := make([]wire.Subscribed, n)
	conns := make([]*wire.Conn, n)
	defer func() { closeAll(conns) }()
	group, joining := errgroup.WithContext(ctx)
	group.SetLimit(joinsAtOnce)
	addrs := s.Addrs()
	for i := range conns {
		group.Go(func() (err error) {
			conns[i], answers[i], err = wire.Subscribe(joining, addrs[i%len(addrs)], channel, &since)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Recovery{}, err
	}
	r := Recovery{Clients: n, Missed: missed, Took: time.Since(start), CPU: usageOf(s).CPU - before.CPU, Redis: calls()}
	for name := range r.Redis {
		if r.Redis[name] -= asked[name]; r.Redis[name] == 0 || name == "info" {
			delete(r.Redis, name)
		}
	}
	for _, a := range answers {
		if !a.Recovered || len(a.Missed) != missed {
			r.Incomplete++
		}
	}
	return r, nil
}

func usageOf(s Server) server.Usage {
	u, _ := s.Usage() // zero where it cannot be known
	return u
}

// position subscribes to a channel on every server once, and returns where it stands.
func position(ctx context.Context, s Server, channel string) (p wire.Position, err error) {
	for _, addr := range s.Addrs() {
		c, answer, err := wire.Subscribe(ctx, addr, channel, nil)
		if err != nil {
			return p, err
		}
		_ = c.Close()
		p = answer.Position
	}
	return p, nil
}

// publishAll publishes n times and waits for the last.
func publishAll(ctx context.Context, s Server, channel string, n int) error {
	conns, err := join(ctx, s, 2, func(i int) string { return []string{channel, ""}[i] })
	if err != nil {
		return err
	}
	defer closeAll(conns)
	arrived := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { closeAll(conns) })
	defer stop()
	go func() {
		defer close(arrived)
		got := 0
		_ = conns[0].Receive(func(wire.Publication) {
			if got++; got == n {
				_ = conns[0].Close()
			}
		}, func(error) {})
	}()
	for i := range n {
		if err := conns[1].Publish(channel, wire.Publication{Seq: int64(i) + 1}, 128); err != nil {
			return err
		}
	}
	select {
	case <-arrived:
		return ctx.Err()
	case <-time.After(patience):
		return fmt.Errorf("%d publications do not arrive at %s", n, s.Addrs())
	}
}
