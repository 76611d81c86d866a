package memory_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// pageSize is that of the files here: the system's.
var pageSize = os.Getpagesize()

// TestDamagedFileIsRefusedAndLeftAlone changes single bytes of a file, and cuts it. Opened is what reads as
// before, or says that it is not; nothing is ever gone without a word.
func TestDamagedFileIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	image, want := written(t)
	refused := 0
	for range 300 {
		damaged := bytes.Clone(image)
		if at := rand.IntN(len(image)); rand.IntN(4) == 0 {
			damaged = damaged[:at]
		} else {
			damaged[at] ^= byte(1 + rand.IntN(255))
		}
		dir := t.TempDir()
		file := filepath.Join(dir, memory.FileName)
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := memory.Open(memory.Options{Dir: dir})
		if err == nil {
			if got := contents(t, b); got != want && got.position.Epoch == want.position.Epoch {
				t.Errorf("%+v became %+v", want, got)
			}
			shut(t, b)
			continue
		}
		refused++
		if !errors.Is(err, memory.ErrDamaged) || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "move it") {
			t.Errorf("the error is %v", err)
		}
		if left, err := os.ReadFile(file); err != nil || !bytes.Equal(left, damaged) {
			t.Errorf("the file was changed: %v", err)
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

// TestEpochEndsWhenTheNewestStateMayBeMissing breaks each of the two pages that name a state.
func TestEpochEndsWhenTheNewestStateMayBeMissing(t *testing.T) {
	t.Parallel()
	image, want := written(t)
	for page := range 2 {
		damaged := bytes.Clone(image)
		damaged[page*pageSize+40] ^= 1
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, memory.FileName), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		b, err := memory.Open(memory.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.History(t.Context(), "a", pubsub.HistoryOptions{Since: &want.position})
		if !errors.Is(err, pubsub.ErrUnrecoverable) || !strings.Contains(log.String(), "history may be older") {
			t.Errorf("a position of before answers %v, the log is %q", err, log.String())
		}
		shut(t, b)
		if got := contents(t, reopen(t, dir)); got.texts == "" {
			t.Error("what could be read is not there")
		}
	}
}

func TestEpochEndsWithTheMachineIfNothingWasWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, err := memory.Open(memory.Options{Dir: dir, Sync: memory.SyncNever})
	if err != nil {
		t.Fatal(err)
	}
	first := publish(t, b, "a", pubsub.PublishOptions{HistorySize: 3})
	shut(t, b)
	b = open(t, dir)
	if got := publish(t, b, "a", pubsub.PublishOptions{HistorySize: 3}); got.Epoch != first.Epoch {
		t.Errorf("closing ended epoch %v: %v", first, got)
	}
	shut(t, b)
	memory.PretendMachineStarted(t, dir)
	if got := publish(t, reopen(t, dir), "a", pubsub.PublishOptions{HistorySize: 3}); got.Epoch == first.Epoch || got.Offset != 3 {
		t.Errorf("after the machine ended the position is %v, after %v", got, first)
	}
}

// state is what a broker has of channel a.
type state struct {
	position pubsub.Position
	texts    string
}

// written returns the bytes of a file, and what it holds.
func written(t *testing.T) ([]byte, state) {
	t.Helper()
	dir := t.TempDir()
	b := open(t, dir)
	for n := range 60 {
		publish(t, b, "a", pubsub.PublishOptions{HistorySize: 50, IdempotencyKey: fmt.Sprint(n)})
	}
	want := contents(t, b)
	shut(t, b)
	image, err := os.ReadFile(filepath.Join(dir, memory.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return image, want
}

func contents(t *testing.T, b *memory.Broker) state {
	t.Helper()
	history, err := b.History(t.Context(), "a", pubsub.HistoryOptions{Limit: -1})
	if err != nil {
		t.Fatal(err)
	}
	s := state{position: history.Position}
	for _, publication := range history.Publications {
		s.texts += string(publication.Data)
	}
	return s
}

// reopen opens a directory until the test ends.
func reopen(t *testing.T, dir string) *memory.Broker {
	t.Helper()
	b := open(t, dir)
	t.Cleanup(func() { shut(t, b) })
	return b
}
