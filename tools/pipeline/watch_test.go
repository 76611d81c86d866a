package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie.build/tools/pipeline"
)

// A watched is a watch under way in a workspace of modules a and b, of which b depends on a.
type watched struct {
	t   *testing.T
	dir string

	mu   sync.Mutex
	said bytes.Buffer
	runs map[string]int
}

func (w *watched) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.Write(data)
}

// task returns a task that reads in.txt, counts that it ran, and then does more.
func (w *watched) task(name string, more func(context.Context, pipeline.Call) error) pipeline.Task {
	return pipeline.Task{Name: name, Inputs: []string{"in.txt"}, DependsOn: []string{"^" + name}, Func: func(ctx context.Context, c pipeline.Call) error {
		w.mu.Lock()
		w.runs[c.Module]++
		w.mu.Unlock()
		if more == nil {
			return nil
		}
		return more(ctx, c)
	}}
}

// watchFor begins to watch a task and returns when its first round has ended. The watch ends with the test.
func watchFor(t *testing.T, declare func(w *watched) pipeline.Task) *watched {
	t.Helper()
	w := &watched{t: t, dir: t.TempDir(), runs: make(map[string]int)}
	write(t, w.dir, map[string]string{
		"go.work":  "go 1.26.0\nuse ./a\nuse ./b\n",
		"a/go.mod": "module example.com/a\ngo 1.26.0\n", "a/in.txt": "0",
		"b/go.mod": "module example.com/b\ngo 1.26.0\nrequire example.com/a v0.0.0\nreplace example.com/a => ../a\n", "b/in.txt": "0",
	})
	task := declare(w)
	p, err := pipeline.New(w.dir, task)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- p.Watch(ctx, pipeline.Options{Tasks: []string{task.Name}, Concurrency: 2, LogOrder: pipeline.OrderStream, Stdout: w, Stderr: w})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the watch ended with %v", err)
		}
	})
	w.until(`watching for changes`)
	return w
}

// until waits until the watch has said something that matches.
func (w *watched) until(pattern string) {
	w.t.Helper()
	line := regexp.MustCompile(`(?m)` + pattern)
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		w.mu.Lock()
		found := line.Match(w.said.Bytes())
		text := w.said.String()
		w.mu.Unlock()
		if found {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("the watch does not say %q; it said:\n%s", pattern, text)
		}
	}
}

// ran wants the tasks of modules to have run so often.
func (w *watched) ran(want map[string]int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !maps.Equal(w.runs, want) {
		w.t.Errorf("tasks ran %v times, want %v; the watch said:\n%s", w.runs, want, &w.said)
	}
}

func (w *watched) write(name, text string) {
	w.t.Helper()
	write(w.t, w.dir, map[string]string{name: text})
}

func TestWatchRunsWhatAChangeConcerns(t *testing.T) {
	t.Parallel()
	w := watchFor(t, func(w *watched) pipeline.Task {
		task := w.task("build", func(_ context.Context, c pipeline.Call) error {
			text, err := os.ReadFile(filepath.Join(c.Dir, "in.txt"))
			return errors.Join(err, os.WriteFile(filepath.Join(c.Dir, "out.txt"), text, 0o600))
		})
		task.Outputs = []string{"out.txt"}
		return task
	})
	w.ran(map[string]int{"a": 1, "b": 1})
	w.write("b/in.txt", "1")
	w.until(`^changed: b/in.txt$`)
	w.until(`^1 task: 0 cached, 1 run, 0 failed`)
	w.ran(map[string]int{"a": 1, "b": 2})
	// What nobody reads concerns nobody; the output that follows comes from the next change.
	w.write("a/README.md", "text")
	w.write("a/in.txt", "1")
	w.until(`(?s)changed: [^\n]*a/in.txt\n.*^2 tasks: 0 cached, 2 run`)
	w.ran(map[string]int{"a": 2, "b": 3})
	// Back again, everything is there.
	w.write("a/in.txt", "0")
	w.until(`^2 tasks: 2 cached, 0 run`)
	w.ran(map[string]int{"a": 2, "b": 3})
	// A module that cannot be read is said, and the watch goes on.
	w.write("b/go.mod", "modul example.com/b\n")
	w.until(`nothing runs before this is repaired`)
	w.write("b/go.mod", "module example.com/b\ngo 1.26.0\n")
	w.write("a/in.txt", "2")
	w.until(`^1 task: 0 cached, 1 run`)
}

func TestWatchRunsWhatFailedOnlyWhenItChanges(t *testing.T) {
	t.Parallel()
	w := watchFor(t, func(w *watched) pipeline.Task {
		return w.task("build", func(_ context.Context, c pipeline.Call) error {
			if text, err := os.ReadFile(filepath.Join(c.Dir, "in.txt")); err != nil || string(text) == "bad" {
				return errors.Join(err, errors.New("it is bad"))
			}
			return nil
		})
	})
	w.write("a/in.txt", "bad")
	w.until(`^a#build failed: it is bad\n2 tasks: 0 cached, 0 run, 1 failed, 1 not run`)
	w.write("a/other.txt", "x")
	w.write("b/in.txt", "1") // b waits for a still
	w.write("a/in.txt", "good")
	w.until(`(?s)1 not run.*^2 tasks: 0 cached, 2 run`)
	w.ran(map[string]int{"a": 3, "b": 2})
}

func TestWatchDoesNotFollowWhatATaskWritesItself(t *testing.T) {
	t.Parallel()
	w := watchFor(t, func(w *watched) pipeline.Task {
		return w.task("grow", func(_ context.Context, c pipeline.Call) error {
			if c.Module == "b" {
				return nil
			}
			name := filepath.Join(c.Dir, "in.txt")
			text, err := os.ReadFile(name)
			return errors.Join(err, os.WriteFile(name, append(text, '.'), 0o600))
		})
	})
	w.until(`^warning: a#grow changes files that it reads itself`)
	w.mu.Lock()
	runs := w.runs["a"]
	w.mu.Unlock()
	w.write("b/in.txt", "1")
	w.until(`(?s)changes files that it reads itself.*\n1 task: 0 cached, 1 run`)
	w.mu.Lock()
	defer w.mu.Unlock()
	if runs != 2 || w.runs["a"] != 2 {
		t.Errorf("a ran %d and then %d times, want 2: once, and once to see whether it settles; the watch said:\n%s", runs, w.runs["a"], &w.said)
	}
}

// A task that may be interrupted starts again at once when what it reads changes; another one ends first.
func TestWatchInterruptsWhatMayBe(t *testing.T) {
	t.Parallel()
	for _, interruptible := range []bool{true, false} {
		t.Run(fmt.Sprint(interruptible), func(t *testing.T) {
			t.Parallel()
			release := make(chan bool)
			w := watchFor(t, func(w *watched) pipeline.Task {
				task := w.task("build", func(ctx context.Context, c pipeline.Call) error {
					if text, err := os.ReadFile(filepath.Join(c.Dir, "in.txt")); err != nil || string(text) != "slow" {
						return err
					}
					_, _ = io.WriteString(c.Output, "is slow\n")
					select {
					case <-ctx.Done():
						_, _ = io.WriteString(w, "interrupted\n")
						return ctx.Err()
					case <-release:
						return nil
					}
				})
				task.Interruptible = interruptible
				return task
			})
			w.write("a/in.txt", "slow")
			w.until(`^a#build: is slow$`)
			w.write("a/in.txt", "1")
			if interruptible {
				w.until(`^interrupted$`)
			} else {
				release <- true
			}
			w.until(`(?s)is slow.*^2 tasks: 0 cached, 2 run`)
			w.mu.Lock()
			defer w.mu.Unlock()
			if got := strings.Contains(w.said.String(), "interrupted"); got != interruptible {
				t.Errorf("interrupted: %v, want %v", got, interruptible)
			}
		})
	}
}

// Persistent tasks stay up between rounds; one that may be interrupted starts again when what it reads has changed.
func TestWatchKeepsServersUp(t *testing.T) {
	t.Parallel()
	w := watchFor(t, func(w *watched) pipeline.Task {
		task := w.task("dev", func(ctx context.Context, c pipeline.Call) error {
			text, err := os.ReadFile(filepath.Join(c.Dir, "in.txt"))
			if err != nil || string(text) == "bad" {
				return errors.Join(err, errors.New("cannot start"))
			}
			_, _ = fmt.Fprintf(c.Output, "up with %s\n", text)
			<-ctx.Done()
			return ctx.Err()
		})
		task.DependsOn, task.Persistent, task.Interruptible = nil, true, true
		return task
	})
	w.until(`^a#dev: up with 0$`)
	w.until(`^b#dev: up with 0$`)
	w.write("a/in.txt", "1")
	w.until(`^a#dev: stopped: its inputs changed$`)
	w.until(`^a#dev: up with 1$`)
	w.write("a/in.txt", "bad")
	w.until(`^a#dev failed: cannot start$`)
	w.write("a/in.txt", "2")
	w.until(`^a#dev: up with 2$`)
	w.ran(map[string]int{"a": 4, "b": 1})
	names := slices.Sorted(maps.Keys(w.runs))
	if !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("ran in %v", names)
	}
}
