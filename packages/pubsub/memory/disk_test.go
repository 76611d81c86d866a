package memory_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

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

func TestRemovedHistoryIsGoneFromTheFile(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	o := pubsub.PublishOptions{HistorySize: 3, HistoryTTL: time.Hour}
	publish(t, b, "a", o)
	last := publish(t, b, "a", o)
	publish(t, b, "b", o)
	if err := b.RemoveHistory(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	shut(t, b)
	if err := memory.Verify(dir); err != nil {
		t.Error(err)
	}
	b = open(t, dir)
	defer shut(t, b)
	for channel, want := range map[string]int{"a": 0, "b": 1} {
		history, err := b.History(t.Context(), channel, pubsub.HistoryOptions{Limit: -1})
		if err != nil || len(history.Publications) != want {
			t.Errorf("%q has %+v, %v", channel, history, err)
		}
	}
	if next := publish(t, b, "a", o); next.Epoch != last.Epoch || next.Offset != last.Offset+1 {
		t.Errorf("after %v came %v", last, next)
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
	if got := memory.CountRecords(t, dir)["publications"]; got != 1 {
		t.Errorf("the file has %d publications, want that of b alone", got)
	}
}

func TestHistoryOnDiskKeepsNoMoreThanItsSize(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir)
	for range 100 {
		publish(t, b, "a", pubsub.PublishOptions{HistorySize: 10})
	}
	publish(t, b, "a", pubsub.PublishOptions{HistorySize: 4})
	shut(t, b)
	if got := memory.CountRecords(t, dir)["publications"]; got != 4 {
		t.Errorf("the file has %d publications, want the 4 that the last publish keeps", got)
	}
}

// TestEndedKeysLeaveTheFile publishes more keys a commit than any fixed number.
func TestEndedKeysLeaveTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir)
	wall := time.Now()
	b.SetClock(func() (time.Time, time.Duration) { return wall, 0 })
	var wg sync.WaitGroup
	for worker := range 512 {
		wg.Go(func() {
			for n := range 4 {
				publish(t, b, "a", pubsub.PublishOptions{HistorySize: 1, IdempotencyKey: fmt.Sprint(worker, n), IdempotencyTTL: time.Second})
			}
		})
	}
	wg.Wait()
	b.SetClock(func() (time.Time, time.Duration) { return wall.Add(time.Minute), 0 })
	for range 2048 / 256 {
		publish(t, b, "a", pubsub.PublishOptions{HistorySize: 1})
	}
	shut(t, b)
	if got := memory.CountRecords(t, dir); got["keys"] != 0 || got["deadlines"] != 0 {
		t.Errorf("the file has %v", got)
	}
}

// TestFileIsWrittenAnewWhenMostOfItIsUnused and not one byte of history with it.
func TestFileIsWrittenAnewWhenMostOfItIsUnused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, memory.FileName)
	b := open(t, dir)
	kept := publish(t, b, "kept", pubsub.PublishOptions{HistorySize: 1, IdempotencyKey: "key"})
	long := make([]byte, 1<<20)
	for range 2 * memory.MinReclaim / len(long) {
		if _, err := b.Publish(t.Context(), "long", long, pubsub.PublishOptions{HistorySize: 100}); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, b, "long", pubsub.PublishOptions{HistorySize: 1})
	shut(t, b)
	before := size(t, file)
	if err := os.WriteFile(file+".new", []byte("what an accident left"), 0o600); err != nil {
		t.Fatal(err)
	}
	b = open(t, dir)
	defer shut(t, b)
	if after := size(t, file); after > before/2 {
		t.Errorf("the file had %d bytes and has %d", before, after)
	}
	if got := publish(t, b, "kept", pubsub.PublishOptions{HistorySize: 1, IdempotencyKey: "key"}); got != kept {
		t.Errorf("the key answers %v, not %v", got, kept)
	}
	if history, err := b.History(t.Context(), "long", pubsub.HistoryOptions{Limit: -1}); err != nil || len(history.Publications) != 1 {
		t.Errorf("history is %v, %v", history, err)
	}
}

func size(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
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
