package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// watchEvery is how often each Redis is asked what data it is the master of.
const watchEvery = 100 * time.Millisecond

// Watch follows what every Redis is the master of. Run ends with its context; the rest is for afterwards.
type Watch struct {
	d *Deployment

	mu   sync.Mutex
	said map[string][]Role // by the name of the Redis
}

// NewWatch returns a watch over a deployment.
func NewWatch(d *Deployment) *Watch { return &Watch{d: d, said: make(map[string][]Role)} }

// Run asks until ctx ends. A Redis that does not answer says nothing.
func (w *Watch) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, r := range w.d.Redis {
		wg.Go(func() { w.follow(ctx, r) })
	}
}

func (w *Watch) follow(ctx context.Context, r *Redis) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		w.ask(r)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (w *Watch) ask(r *Redis) {
	role := Role{Asked: w.d.o.Elapsed()}
	info, err := r.Do("INFO")
	if role.Gone = errors.Is(err, syscall.ECONNREFUSED); err != nil && !role.Gone {
		return
	}
	role.Answered = w.d.o.Elapsed()
	role.read(info)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said[r.Name] = append(w.said[r.Name], role)
}

// read takes what INFO says of replication, and of the file.
func (role *Role) read(info string) {
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "aof_current_size":
			role.Written = number(value)
		case "role":
			role.Master = value == "master"
		case "master_sync_in_progress":
			role.Syncing = value == "1"
		case "master_replid":
			role.ID = value
		case "master_repl_offset":
			role.Offset = number(value)
		case "master_replid2":
			role.Second = value
		case "second_repl_offset":
			role.SecondEnd = number(value)
		}
	}
}

// Losses says when Redis accepted what it does not have now, by its own account.
func (w *Watch) Losses() ([]Loss, error) {
	masters, err := w.d.masters()
	if err != nil {
		return nil, err
	}
	for _, r := range w.d.Redis {
		w.ask(r)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	all := losses(w.said, masters)
	for i, loss := range all {
		// What a slot brought with it is older than its way to the master that lost it.
		if slices.ContainsFunc(w.d.migrations(), loss.Overlaps) {
			all[i].From = 0
		}
	}
	return all, nil
}

// masters are the names of those whose data servers have.
func (d *Deployment) masters() ([]string, error) {
	var names []string
	for _, r := range d.Redis {
		is, err := d.isMaster(r)
		if err != nil {
			return nil, err
		}
		if is {
			names = append(names, r.Name)
		}
	}
	if len(names) == 0 && len(d.Redis) > 0 {
		return nil, errors.New("no Redis is a master")
	}
	return names, nil
}

func (d *Deployment) isMaster(r *Redis) (bool, error) {
	switch d.o.Topology {
	case Sentinel:
		addr, err := d.sentinel.Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")
		if err != nil {
			return false, fmt.Errorf("ask the Sentinel for the master: %w", err)
		}
		return strings.HasSuffix(addr, "\n"+portOf(r.Proxy.Addr())), nil
	case Cluster:
		nodes, err := r.Do("CLUSTER", "NODES")
		if err != nil {
			return false, fmt.Errorf("ask %s for its slots: %w", r.Name, err)
		}
		for line := range strings.Lines(nodes) {
			if fields := strings.Fields(line); strings.Contains(line, "myself,master") && len(fields) > slotsField {
				return true, nil
			}
		}
		return false, nil
	default:
		return true, nil
	}
}

// slotsField is where a node's slots begin in a line of CLUSTER NODES.
const slotsField = 8
