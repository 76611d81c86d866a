//go:build unix

package memory_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// childLimit in the environment makes TestFullDisk the process that may not write longer files.
const childLimit = "MAGPIE_TEST_LIMIT_FILES"

// TestFullDisk has a process of its own run out of room, as the limit holds for all that a process writes.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Getenv(childLimit) != "" {
		fillUp(t)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$")
	child.Env = append(os.Environ(), childLimit+"=1")
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func fillUp(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	b := open(t, dir)
	first := publish(t, b, "a", pubsub.PublishOptions{HistorySize: 1000})

	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	narrow := limit
	narrow.Cur = uint64(size(t, filepath.Join(dir, memory.FileName))) + 100<<10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &narrow); err != nil {
		t.Fatal(err)
	}
	last, err := first, error(nil)
	for long := make([]byte, 10<<10); err == nil; {
		var position pubsub.Position
		if position, err = b.Publish(t.Context(), "a", long, pubsub.PublishOptions{HistorySize: 1000}); err == nil {
			last = position
		}
	}
	if !errors.Is(err, pubsub.ErrUnavailable) || !strings.Contains(err.Error(), "no room") || !strings.Contains(err.Error(), dir) {
		t.Errorf("without room the error is %v", err)
	}
	complete := func(b *memory.Broker) {
		t.Helper()
		history, err := b.History(t.Context(), "a", pubsub.HistoryOptions{Since: &first, Limit: -1})
		if err != nil || history.Position != last || uint64(len(history.Publications)) != last.Offset-1 {
			t.Errorf("history is at %v with %d after the first, %v; want %v", history.Position, len(history.Publications), err, last)
		}
	}
	complete(b)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	next := publish(t, b, "a", pubsub.PublishOptions{HistorySize: 1000})
	if next.Epoch != last.Epoch || next.Offset != last.Offset+1 {
		t.Errorf("with room again a publication is at %v, after %v", next, last)
	}
	last = next
	complete(b)
	shut(t, b)
	complete(reopen(t, dir))
}
