// Package watch tells which files below a folder have changed. It goes by their content: writing the same again is no change.
package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long the file system must rest before a batch is handed on: longer than an editor
// takes between writing a file and renaming it into place, shorter than one notices.
const quiet = 25 * time.Millisecond

// A Batch is a set of files whose content changed together.
type Batch struct {
	// Names are relative to the root, with slashes, sorted.
	Names []string
	// Detect is how long it took from the first change until the batch was complete.
	Detect time.Duration
}

// A Watcher follows the files below a root.
type Watcher struct {
	root    string
	ignore  func(name string) bool
	notify  *fsnotify.Watcher
	sums    map[string][sha256.Size]byte
	batches chan Batch
}

// New watches root; changes after it returned are seen. ignore is asked about files and folders by their names relative to the root; what
// lies in a folder that is ignored is ignored too.
func New(root string, ignore func(name string) bool) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", root, err)
	}
	w := &Watcher{root: root, ignore: ignore, notify: notify, sums: map[string][sha256.Size]byte{}, batches: make(chan Batch)}
	if _, err := w.add(root); err != nil {
		return nil, errors.Join(err, notify.Close())
	}
	return w, nil
}

// Close ends the watch. It is called after [Watcher.Run] has returned, or in its place.
func (w *Watcher) Close() { _ = w.notify.Close() }

// Batches is where changes come.
func (w *Watcher) Batches() <-chan Batch { return w.batches }

// Run gathers changes into batches until ctx ends, whose error it returns. While nobody takes a batch it grows.
func (w *Watcher) Run(ctx context.Context) error {
	pending := map[string]bool{}
	var began time.Time
	rest := time.NewTimer(quiet)
	rest.Stop()
	var ready Batch
	var out chan Batch // nil until a batch is complete
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event := <-w.notify.Events:
			names, err := w.touched(event)
			if err != nil {
				return err
			}
			if len(pending) == 0 && len(names) > 0 {
				began = time.Now()
			}
			for _, name := range names {
				pending[name] = true
			}
			if len(names) > 0 {
				rest.Reset(quiet)
			}
		case err := <-w.notify.Errors:
			return fmt.Errorf("watch %s: %w", w.root, err)
		case <-rest.C:
			changed := w.changed(pending)
			clear(pending)
			if len(changed) > 0 {
				ready = merge(ready, changed, time.Since(began))
				out = w.batches
			}
		case out <- ready:
			ready, out = Batch{}, nil
		}
	}
}

func merge(b Batch, names []string, detect time.Duration) Batch {
	all := append(b.Names, names...)
	slices.Sort(all)
	return Batch{Names: slices.Compact(all), Detect: max(b.Detect, detect)}
}

// touched returns the files that an event concerns: the file itself, or all that a new folder holds.
func (w *Watcher) touched(event fsnotify.Event) ([]string, error) {
	name, ok := w.name(event.Name)
	if !ok || event.Op == fsnotify.Chmod {
		return nil, nil
	}
	info, err := os.Stat(event.Name)
	if err == nil && info.IsDir() {
		return w.add(event.Name)
	}
	if err == nil {
		return []string{name}, nil
	}
	// What is gone may have been a folder: all that was known below it has gone too.
	gone := []string{name}
	for known := range maps.Keys(w.sums) {
		if strings.HasPrefix(known, name+"/") {
			gone = append(gone, known)
		}
	}
	return gone, nil
}

// add watches a folder and those below it, and returns the files in them that are news.
func (w *Watcher) add(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, ok := w.name(path)
		if !ok && path != w.root {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return w.notify.Add(path)
		}
		files = append(files, name)
		return nil
	})
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		return nil, fmt.Errorf("watch %s: the system allows no more watches: raise fs.inotify.max_user_watches (Linux) or `ulimit -n`: %w", dir, err)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("watch %s: %w", dir, err)
	}
	if dir == w.root {
		w.changed(set(files))
	}
	return files, nil
}

// changed returns those files whose content is not what it was, and remembers what it is.
func (w *Watcher) changed(names map[string]bool) []string {
	var changed []string
	for name := range names {
		old, known := w.sums[name]
		content, err := os.ReadFile(filepath.Join(w.root, filepath.FromSlash(name)))
		if err != nil {
			if known {
				delete(w.sums, name)
				changed = append(changed, name)
			}
			continue
		}
		if sum := sha256.Sum256(content); !known || sum != old {
			w.sums[name] = sum
			changed = append(changed, name)
		}
	}
	return changed
}

// name returns a path relative to the root, and whether it is watched at all.
func (w *Watcher) name(path string) (string, bool) {
	rel, err := filepath.Rel(w.root, path)
	if err != nil || rel == "." {
		return "", false
	}
	name := filepath.ToSlash(rel)
	for at := name; ; {
		if w.ignore(at) {
			return "", false
		}
		cut := strings.LastIndexByte(at, '/')
		if cut < 0 {
			return name, true
		}
		at = at[:cut]
	}
}

func set(names []string) map[string]bool {
	all := make(map[string]bool, len(names))
	for _, name := range names {
		all[name] = true
	}
	return all
}
