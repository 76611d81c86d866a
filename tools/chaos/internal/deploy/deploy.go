package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"magpie.build/tools/chaos/internal/proxy"
	"magpie.build/tools/chaos/internal/record"
)

// Options say what to start.
type Options struct {
	Topology Topology
	// System is whose server it is.
	System System
	// Servers is how many; with [Memory] there is one.
	Servers int
	// Dir takes data and logs of all.
	Dir string
	// Elapsed is the time from the beginning of the run.
	Elapsed func() time.Duration
	// Env is added to each server's environment.
	Env []string
	// Clocks has every Redis and Sentinel run on a clock of its own, where there is libfaketime. [JumpClocks] needs it.
	Clocks bool
}

// Deployment is what was started. Its fields do not change.
type Deployment struct {
	// Fronts lead to the servers: people connect there.
	Fronts []*proxy.Proxy
	// Backs lead each server to Redis, where that is possible: with one Redis.
	Backs   []*proxy.Proxy
	Servers []*Process
	// Redis are the ones that keep data.
	Redis []*Redis

	o         Options
	sentinel  *Redis
	disk      *disk
	clocks    wallClock
	noClocks  error // why there are none
	proxies   []*proxy.Proxy
	processes []*Process

	mu       sync.Mutex
	migrated []record.Span // when slots moved
}

// Start starts everything and waits until it listens. Close ends it.
func Start(ctx context.Context, o Options) (*Deployment, error) {
	d := &Deployment{o: o}
	if o.Topology == Memory {
		d.o.Servers = 1
	}
	if err := d.start(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("start %s with %s: %w", o.System.Name(), o.Topology, err)
	}
	return d, nil
}

func (d *Deployment) start(ctx context.Context) error {
	if err := os.MkdirAll(d.o.Dir, 0o755); err != nil {
		return err
	}
	var err error
	if d.disk, err = newDisk(filepath.Join(d.o.Dir, "disk")); err != nil {
		return err
	}
	d.noClocks = errors.New("nobody asked for clocks")
	if d.o.Clocks {
		d.clocks, d.noClocks = findClock(ctx)
	}
	if err := d.startData(); err != nil {
		return err
	}
	for n := range d.o.Servers {
		if err := d.startServer(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// startServer starts server n between its proxies.
func (d *Deployment) startServer(ctx context.Context, n int) error {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	redis, back, err := d.redisURL()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("server-%d", n+1)
	p := &Process{Name: name, Addr: addr, log: filepath.Join(d.o.Dir, name+".log")}
	if err := d.o.System.configure(p, place{dir: d.o.Dir, data: d.disk.dir, redis: redis, topology: d.o.Topology}); err != nil {
		return err
	}
	p.env = append(p.env, d.o.Env...)
	front, err := proxy.Start(addr)
	if err != nil {
		return err
	}
	d.proxies = append(d.proxies, front)
	d.Servers, d.Fronts, d.processes = append(d.Servers, p), append(d.Fronts, front), append(d.processes, p)
	if back != nil {
		d.Backs = append(d.Backs, back)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.Start()
}

// Topology is what was started.
func (d *Deployment) Topology() Topology { return d.o.Topology }

// Addrs are where people connect.
func (d *Deployment) Addrs() []string {
	var addrs []string
	for _, front := range d.Fronts {
		addrs = append(addrs, front.Addr())
	}
	return addrs
}

// Revive starts whatever has ended, as a supervisor would.
func (d *Deployment) Revive() error {
	var problems []error
	for _, p := range d.processes {
		p.Resume()
		problems = append(problems, p.Start())
	}
	return errors.Join(problems...)
}

// Close kills everything. What it said and kept stays in the folder, but for what was on a disk of its own.
func (d *Deployment) Close() {
	for _, p := range d.processes {
		p.Kill()
	}
	for _, p := range d.proxies {
		p.Close()
	}
	if d.disk != nil {
		d.disk.close()
	}
}
