//go:build unix

package redis_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

// safely publishes under a key and waits for a replica.
func safely(t *testing.T, b *redis.Broker, key string, timeout time.Duration) (pubsub.Position, error) {
	t.Helper()
	return b.Publish(t.Context(), "a", []byte(key), pubsub.PublishOptions{
		HistorySize: pubsub.MaxHistorySize, IdempotencyKey: key, Replicas: 1, ReplicaTimeout: timeout,
	})
}

func TestPublishWaitsForReplicas(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t, redistest.Options{})
	replica := redistest.StartReplica(t, master, redistest.Options{})
	b, w := watch(t, redis.Options{URL: master.URL()}, "a")
	other, _ := watch(t, redis.Options{URL: master.URL()})
	for n := 1; n <= 20; n++ {
		position, err := safely(t, b, fmt.Sprint(n), patience)
		if there := replica.Do("HGET", "magpie:head:{a}", "o"); err != nil || position.Offset != uint64(n) || there != fmt.Sprint(n) {
			t.Fatalf("publish %d is at %v, %v, and the replica at %s", n, position, err, there)
		}
	}

	replica.Signal(syscall.SIGSTOP)
	stopped, err := safely(t, b, "stopped", 50*time.Millisecond)
	if !errors.Is(err, pubsub.ErrNotReplicated) || stopped.Offset != 21 || !strings.Contains(err.Error(), "0 of 1 after 50ms") {
		t.Errorf("without a replica: %v, %v", stopped, err)
	}
	eventually(t, "what is not safe to be delivered all the same", func() bool { return w.at("a") == stopped })
	// Another connection wrote it: that it was published before says nothing of replicas.
	if again, err := safely(t, other, "stopped", 50*time.Millisecond); !errors.Is(err, pubsub.ErrNotReplicated) || again != stopped {
		t.Errorf("again, by another process: %v, %v", again, err)
	}

	replica.Signal(syscall.SIGCONT)
	if again, err := safely(t, other, "stopped", patience); err != nil || again != stopped {
		t.Errorf("with the replica back: %v, %v", again, err)
	}
	replica.Kill()
	eventually(t, "the master to miss its replica", func() bool {
		_, err := safely(t, b, "killed", 10*time.Millisecond)
		return errors.Is(err, pubsub.ErrNotReplicated)
	})
}

// TestWaitingForReplicasDelaysNobodyElse has more publishes wait than may at once.
func TestWaitingForReplicasDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t, redistest.Options{})
	replica := redistest.StartReplica(t, master, redistest.Options{})
	b, w := watch(t, redis.Options{URL: master.URL()}, "b")
	replica.Signal(syscall.SIGSTOP)
	var wg sync.WaitGroup
	var answered atomic.Int64
	const waiting = 2 * redis.MaxWaiting
	for n := range waiting {
		wg.Go(func() {
			if _, err := safely(t, b, fmt.Sprint(n), patience); err != nil {
				t.Errorf("waited in vain: %v", err)
			}
			answered.Add(1)
		})
	}
	eventually(t, "as many to wait as may", func() bool {
		return strings.Contains(master.Do("INFO", "clients"), fmt.Sprintf("blocked_clients:%d", redis.MaxWaiting))
	})
	for n := range 100 {
		last := insist(t, b, "b", fmt.Sprint(n))
		eventually(t, "what waits for nothing", func() bool { return w.at("b") == last })
	}
	if n := answered.Load(); n != 0 {
		t.Errorf("%d publishes were answered, but no replica had them", n)
	}
	replica.Signal(syscall.SIGCONT)
	wg.Wait()
}

func TestWhatReplicasHaveSurvivesAFailover(t *testing.T) {
	t.Parallel()
	sentinel := redistest.StartSentinel(t, redistest.Options{})
	b, _ := watch(t, redis.Options{URL: sentinel.URL(), Timeout: time.Second})
	first, err := safely(t, b, "first", patience)
	if err != nil {
		t.Fatal(err)
	}
	sentinel.CutReplication()
	if _, err := safely(t, b, "lost", 50*time.Millisecond); !errors.Is(err, pubsub.ErrNotReplicated) {
		t.Errorf("the replica hears nothing: %v", err)
	}
	sentinel.FailOver()
	insist(t, b, "a", "instead")
	history, err := b.History(t.Context(), "a", pubsub.HistoryOptions{Since: &first, Limit: -1})
	if err != nil || len(history.Publications) != 1 || string(history.Publications[0].Data) != "instead" {
		t.Errorf("since %v: %+v, %v", first, history, err)
	}
}
