package memory_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// killRounds is how often a process is killed.
var killRounds = flag.Int("memory.kills", 4, "how many publishing processes each test kills")

// The environment of a process that publishes until it is killed: where to, how, and names of its own.
const (
	childDir   = "MAGPIE_TEST_PUBLISH_INTO"
	childSync  = "MAGPIE_TEST_SYNC"
	childRound = "MAGPIE_TEST_ROUND"
)

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	for _, sync := range []memory.Sync{memory.SyncAlways, memory.SyncNever} {
		t.Run(sync.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			acknowledged := make(map[string]pubsub.Position)
			for round := range *killRounds {
				killPublisher(t, dir, sync, round, acknowledged)
				verify(t, dir, sync, acknowledged)
			}
			t.Logf("%d publications were acknowledged, and kept", len(acknowledged))
		})
	}
}

// killPublisher runs a process that publishes, kills it at a random moment, and adds what it said
// was acknowledged.
func killPublisher(t *testing.T, dir string, sync memory.Sync, round int, acknowledged map[string]pubsub.Position) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPublishUntilKilled$")
	child.Env = append(os.Environ(), childDir+"="+dir, childSync+"="+sync.String(), fmt.Sprint(childRound, "=", round))
	child.Stderr = t.Output()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	last := 1 + rand.IntN(400)
	for n := 0; lines.Scan(); n++ {
		if n == last {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		var name string
		var position pubsub.Position
		if _, err := fmt.Sscan(lines.Text(), &name, &position.Epoch, &position.Offset); err == nil && strings.HasSuffix(lines.Text(), ".") {
			acknowledged[name] = position
		}
	}
	_ = child.Wait() // it was killed
}

// verify opens the directory and compares its history with what was acknowledged, and what the keys of that
// answer.
func verify(t *testing.T, dir string, sync memory.Sync, acknowledged map[string]pubsub.Position) {
	t.Helper()
	b, err := memory.Open(memory.Options{Dir: dir, Sync: sync})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, b)
	kept := make(map[string]pubsub.Position)
	for n := range 4 {
		history, err := b.History(t.Context(), fmt.Sprint(n), pubsub.HistoryOptions{Limit: -1})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range history.Publications {
			if p.Position.Offset != uint64(i+1) || p.Position.Epoch != history.Position.Epoch {
				t.Fatalf("publication %d of channel %d is at %v", i+1, n, p.Position)
			}
			if at, twice := kept[string(p.Data)]; twice {
				t.Errorf("%s is kept at %v and at %v", p.Data, at, p.Position)
			}
			kept[string(p.Data)] = p.Position
		}
	}
	for name, position := range acknowledged {
		if kept[name] != position {
			t.Errorf("%s was acknowledged at %v and is kept at %v", name, position, kept[name])
		}
	}
	retries := 0
	for name, position := range acknowledged {
		if retries++; retries > 20 {
			break
		}
		if got := publishNamed(t.Context(), t, b, name); got != position {
			t.Errorf("%s was acknowledged at %v, and again at %v", name, position, got)
		}
	}
}

// publishNamed publishes name, once and for all, to one of four channels.
func publishNamed(ctx context.Context, t *testing.T, b *memory.Broker, name string) pubsub.Position {
	t.Helper()
	var round, worker, n int
	if _, err := fmt.Sscanf(name, "%d-%d-%d", &round, &worker, &n); err != nil {
		t.Error(err)
	}
	position, err := b.Publish(ctx, fmt.Sprint(worker%4), []byte(name), pubsub.PublishOptions{HistorySize: pubsub.MaxHistorySize, IdempotencyKey: name})
	if err != nil {
		t.Error(err)
	}
	return position
}

// TestPublishUntilKilled is the process that TestKilledProcessLosesNothingAcknowledged kills.
func TestPublishUntilKilled(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		return
	}
	var policy memory.Sync
	if err := policy.UnmarshalText([]byte(os.Getenv(childSync))); err != nil {
		t.Fatal(err)
	}
	b, err := memory.Open(memory.Options{Dir: dir, Sync: policy})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for n := 0; !t.Failed(); n++ {
				name := fmt.Sprintf("%s-%d-%d", os.Getenv(childRound), worker, n)
				position := publishNamed(t.Context(), t, b, name)
				mu.Lock()
				_, err := io.WriteString(os.Stdout, fmt.Sprintln(name, position.Epoch, position.Offset, "."))
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
}
