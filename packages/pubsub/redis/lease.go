package redis

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// lease is a key that ends when its process does. Members are entered in the name of the lease's
// node; once it ended, a survivor sweeps them out. A process that lost its lease goes on under a new
// node's name, so that the two cannot be confused.
type lease struct {
	broker *Broker
	length time.Duration
	name   atomic.Pointer[string]
}

func newLease(b *Broker, length time.Duration) *lease {
	l := &lease{broker: b, length: length}
	l.rename()
	return l
}

func (l *lease) rename() {
	name := rand.Text()
	l.name.Store(&name)
}

func (l *lease) node() string { return *l.name.Load() }

// take begins a lease under the current name.
func (l *lease) take(ctx context.Context) error {
	client, keys, node := l.broker.client, l.broker.keys, l.node()
	for _, result := range client.DoMulti(ctx,
		client.B().Set().Key(keys.lease(node)).Value("1").Px(l.length).Build(),
		client.B().Sadd().Key(keys.nodes()).Member(node).Build(),
	) {
		if err := result.Error(); err != nil {
			return err
		}
	}
	return nil
}

// renewing keeps the lease until ctx ends. Nothing else is done here that could make it late.
func (l *lease) renewing(ctx context.Context) {
	tick := time.NewTicker(l.length / 3)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := l.renew(ctx); err != nil && ctx.Err() == nil {
			l.broker.log.Warn("lease in redis cannot be renewed", "redis", l.broker.name, "error", err.Error())
		}
	}
}

// renew prolongs the lease. When it was lost, members enter again under a new one.
func (l *lease) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.length)
	defer cancel()
	client := l.broker.client
	err := client.Do(ctx, client.B().Set().Key(l.broker.keys.lease(l.node())).Value("1").Xx().Px(l.length).Build()).Error()
	if !rueidis.IsRedisNil(err) {
		return err
	}
	l.broker.log.Warn("lease in redis was lost, members enter again", "redis", l.broker.name)
	l.rename()
	if err := l.take(ctx); err != nil {
		return err
	}
	l.broker.presence.again()
	return nil
}

// sweeping settles members and sweeps after dead nodes until ctx ends.
func (l *lease) sweeping(ctx context.Context) {
	tick := time.NewTicker(l.length / 6)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		l.round(ctx)
	}
}

func (l *lease) round(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.broker.timeout)
	defer cancel()
	l.broker.presence.settleAll(ctx)
	if err := l.broker.presence.tidy(ctx); err != nil {
		return // renewing says so
	}
	client := l.broker.client
	nodes, err := client.Do(ctx, client.B().Smembers().Key(l.broker.keys.nodes()).Build()).AsStrSlice()
	if err != nil {
		return
	}
	dead, err := l.dead(ctx, nodes)
	if err != nil {
		return
	}
	for _, node := range dead {
		if err := l.sweep(ctx, node); err != nil && ctx.Err() == nil {
			l.broker.log.Warn("members of a dead process cannot leave yet", "redis", l.broker.name, "error", err.Error())
		}
	}
}

// dead returns which nodes have no lease.
func (l *lease) dead(ctx context.Context, nodes []string) ([]string, error) {
	client := l.broker.client
	commands := make(rueidis.Commands, len(nodes))
	for i, node := range nodes {
		commands[i] = client.B().Exists().Key(l.broker.keys.lease(node)).Build()
	}
	var dead []string
	for i, result := range client.DoMulti(ctx, commands...) {
		alive, err := result.AsInt64()
		if err != nil {
			return nil, err
		}
		if alive == 0 {
			dead = append(dead, nodes[i])
		}
	}
	return dead, nil
}

// sweep has the members of a dead node leave, and then forgets the node. Every survivor may do so
// at once: each member leaves in one script, which finds it once.
func (l *lease) sweep(ctx context.Context, node string) error {
	client, keys := l.broker.client, l.broker.keys
	rooms, err := client.Do(ctx, client.B().Smembers().Key(keys.rooms(node)).Build()).AsStrSlice()
	if err != nil {
		return err
	}
	for _, room := range rooms {
		err := l.broker.scripts.sweep.Exec(ctx, client, keys.presence(room), []string{keys.feed(room), node}).Error()
		if err != nil {
			return err
		}
	}
	return l.forget(ctx, node)
}

// forget drops a node without members.
func (l *lease) forget(ctx context.Context, node string) error {
	client, keys := l.broker.client, l.broker.keys
	for _, result := range client.DoMulti(ctx,
		client.B().Srem().Key(keys.nodes()).Member(node).Build(),
		client.B().Del().Key(keys.rooms(node)).Build(),
		client.B().Del().Key(keys.lease(node)).Build(),
	) {
		if err := result.Error(); err != nil {
			return err
		}
	}
	return nil
}
