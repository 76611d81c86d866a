package server

import (
	"context"
	"errors"

	"magpie.build/tools/bench/internal/wire"
)

// A Group is servers of one program, joined by Redis where they are several.
type Group []*Server

// StartGroup starts n servers as [Start] does. On an error none is left.
func StartGroup(ctx context.Context, program Program, n int, redis string, prefix ...string) (Group, error) {
	var g Group
	for range n {
		s, err := Start(ctx, program, redis, prefix...)
		if err != nil {
			return nil, errors.Join(err, g.Stop())
		}
		g = append(g, s)
	}
	return g, nil
}

// Addrs returns where the servers take WebSocket connections.
func (g Group) Addrs() []string {
	addrs := make([]string, len(g))
	for i, s := range g {
		addrs[i] = s.addr
	}
	return addrs
}

// Protocol returns what they speak.
func (g Group) Protocol() wire.Protocol { return g[0].program.Protocol }

// Usage reads what all of them together have used so far.
func (g Group) Usage() (sum Usage, err error) {
	for _, s := range g {
		u, err := usage(s.cmd.Process.Pid)
		if err != nil {
			return Usage{}, err
		}
		sum.CPU += u.CPU
		sum.RSS += u.RSS
	}
	return sum, nil
}

// Stop ends them all.
func (g Group) Stop() error {
	var errs []error
	for _, s := range g {
		errs = append(errs, s.Stop())
	}
	return errors.Join(errs...)
}
