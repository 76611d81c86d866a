//go:build unix

package redis_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

// crowd is enough channels for every node to have some.
func crowd() []string {
	var channels []string
	for n := range 24 {
		channels = append(channels, fmt.Sprint("room-", n))
	}
	return channels
}

// TestClusterThatChangesLosesNothing publishes to every node of a cluster while it changes.
func TestClusterThatChangesLosesNothing(t *testing.T) {
	t.Parallel()
	const replaced = "a replica takes over from its master"
	for _, change := range []struct {
		name    string
		start   func(testing.TB) *redistest.Cluster
		inflict func(t *testing.T, cluster *redistest.Cluster, round int)
	}{
		{"slots move", redistest.StartCluster, func(_ *testing.T, cluster *redistest.Cluster, round int) {
			for n, channel := range crowd()[:8] {
				cluster.Move("magpie:head:{"+channel+"}", cluster.Nodes[(n+round)%3])
			}
		}},
		{replaced, redistest.StartReplicatedCluster, func(t *testing.T, cluster *redistest.Cluster, round int) {
			t.Helper()
			cluster.Nodes[3+round].Do("CLUSTER", "FAILOVER")
		}},
		{"subscriptions are killed", redistest.StartCluster, func(_ *testing.T, cluster *redistest.Cluster, round int) {
			cluster.Nodes[round].Do("CLIENT", "KILL", "TYPE", "pubsub")
		}},
	} {
		t.Run(change.name, func(t *testing.T) {
			t.Parallel()
			if change.name == replaced {
				takesLong(t)
			}
			cluster := change.start(t)
			url := cluster.URL()
			_, w := watch(t, redis.Options{URL: url, Timeout: 2 * time.Second}, crowd()...)
			publisher, _ := watch(t, redis.Options{URL: url, Timeout: 2 * time.Second})
			ctx, stop := context.WithCancel(t.Context())
			var last sync.Map
			var wg sync.WaitGroup
			for _, channel := range crowd() {
				wg.Go(func() {
					for n := 0; ctx.Err() == nil && n < pubsub.MaxHistorySize; n++ {
						last.Store(channel, insist(t, publisher, channel, fmt.Sprint(channel, n)))
						pause(t, 5*time.Millisecond)
					}
				})
			}
			for round := range 2 {
				seen := w.count.Load()
				eventually(t, "deliveries before", func() bool { return w.count.Load() > seen+100 })
				change.inflict(t, cluster, round)
			}
			seen := w.count.Load()
			eventually(t, "deliveries after", func() bool { return w.count.Load() > seen+500 })
			stop()
			wg.Wait()
			for _, channel := range crowd() {
				want, _ := last.Load(channel)
				eventually(t, "the tail of "+channel, func() bool { return w.at(channel) == want })
				if at, ok := w.broken(channel); ok {
					t.Errorf("%s: break at %v", channel, at)
				}
			}
		})
	}
}

func TestClusterGoesOnWhenAMasterIsKilled(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartReplicatedCluster(t)
	b, w := watch(t, redis.Options{URL: cluster.URL(), Timeout: time.Second}, crowd()...)
	for _, channel := range crowd() {
		insist(t, b, channel, "before")
	}
	for _, channel := range crowd() {
		eventually(t, "deliveries to "+channel, func() bool { return w.at(channel).Offset == 1 })
	}
	cluster.Nodes[1].Kill()
	for _, channel := range crowd() {
		last := insist(t, b, channel, "after")
		eventually(t, "what was published after to "+channel, func() bool { return w.at(channel) == last })
	}
	eventually(t, "every node to be heard", func() bool { return b.Probe(t.Context()) == nil })
}

func TestShardedPublicationsGoToOneNodeAlone(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	b, w := watch(t, redis.Options{URL: cluster.URL()}, crowd()...)
	for _, channel := range crowd() {
		last := insist(t, b, channel, "x")
		eventually(t, channel, func() bool { return w.at(channel) == last })
	}
	if err := b.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	for _, node := range cluster.Nodes {
		if n := node.Calls("publish"); n != 0 {
			t.Errorf("%s was told %d publications that every node carries", node.Addr, n)
		}
		if node.Calls("spublish") == 0 {
			t.Errorf("%s was told none", node.Addr)
		}
	}
}
