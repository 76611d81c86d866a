package memory_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// childDir names the directory in the environment of a process that publishes until it is killed.
const childDir = "MAGPIE_TEST_PUBLISH_INTO"

func TestReopeningKeepsHistoryAndKeys(t *testing.T) {
	dir := t.TempDir()
	o := pubsub.PublishOptions{HistorySize: 3, IdempotencyKey: "key"}
	b := open(t, dir)
	first := publish(t, b, "a", o)
	o.IdempotencyKey = ""
	for range 4 {
		publish(t, b, "a", o)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, dir)
	defer shut(t, b)
	o.IdempotencyKey = "key"
	if got := publish(t, b, "a", o); got != first {
		t.Errorf("the key answers %v, not %v", got, first)
	}
	history, err := b.History(t.Context(), "a", pubsub.HistoryOptions{Since: &pubsub.Position{Epoch: first.Epoch, Offset: 2}, Limit: -1})
	if err != nil || len(history.Publications) != 3 || history.Position.Offset != 5 {
		t.Errorf("history is %+v, %v", history, err)
	}
}

func TestSecondProcessOnADirectoryIsToldSo(t *testing.T) {
	dir := t.TempDir()
	defer shut(t, open(t, dir))
	_, err := memory.Open(memory.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the error is %v", err)
	}
}

func TestUnusableDirectoryIsNamed(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := memory.Open(memory.Options{Dir: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("the error is %v", err)
	}
}

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acknowledged := make(map[string]pubsub.Position)
	for round := range 4 {
		killPublisher(t, dir, fmt.Sprint(round), acknowledged)
		verify(t, dir, acknowledged)
	}
	t.Logf("%d publications were acknowledged, and kept", len(acknowledged))
}

// killPublisher runs a process that publishes, kills it at a random moment, and adds what it said
// was acknowledged.
func killPublisher(t *testing.T, dir, round string, acknowledged map[string]pubsub.Position) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPublishUntilKilled$")
	child.Env = append(os.Environ(), childDir+"="+dir, "MAGPIE_TEST_ROUND="+round)
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

// verify opens the directory and compares its history with what was acknowledged.
func verify(t *testing.T, dir string, acknowledged map[string]pubsub.Position) {
	t.Helper()
	b := open(t, dir)
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
			kept[string(p.Data)] = p.Position
		}
	}
	for name, position := range acknowledged {
		if kept[name] != position {
			t.Errorf("%s was acknowledged at %v and is kept at %v", name, position, kept[name])
		}
	}
}

// TestPublishUntilKilled is the process that TestKilledProcessLosesNothingAcknowledged kills.
func TestPublishUntilKilled(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		return
	}
	b := open(t, dir)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for n := 0; ; n++ {
				name := fmt.Sprintf("%s-%d-%d", os.Getenv("MAGPIE_TEST_ROUND"), worker, n)
				position, err := b.Publish(t.Context(), fmt.Sprint(worker%4), []byte(name), pubsub.PublishOptions{HistorySize: pubsub.MaxHistorySize})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				_, err = io.WriteString(os.Stdout, fmt.Sprintln(name, position.Epoch, position.Offset, "."))
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestHistoryOnDiskEndsInTheFileToo(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	publish(t, b, "a", pubsub.PublishOptions{HistorySize: 3, HistoryTTL: time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for history := (pubsub.History{Publications: make([]pubsub.Publication, 1)}); len(history.Publications) > 0; {
		var err error
		if history, err = b.History(ctx, "a", pubsub.HistoryOptions{Limit: -1}); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, b, "b", pubsub.PublishOptions{HistorySize: 3}) // a commit that sweeps
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if got := memory.CountPublications(t, dir); got != 1 {
		t.Errorf("the file has %d publications, want that of b alone", got)
	}
}

func publish(tb testing.TB, b *memory.Broker, channel string, o pubsub.PublishOptions) pubsub.Position {
	tb.Helper()
	position, err := b.Publish(tb.Context(), channel, []byte("x"), o)
	if err != nil {
		tb.Fatal(err)
	}
	return position
}

func shut(tb testing.TB, b *memory.Broker) {
	tb.Helper()
	if err := b.Close(); err != nil {
		tb.Error(err)
	}
}
