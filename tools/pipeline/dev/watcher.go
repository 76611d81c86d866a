package dev

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

	"github.com/bmatcuk/doublestar/v4"
	"github.com/fsnotify/fsnotify"
)

// quiet is how long the file system must rest before a batch is handed on: longer than an editor
// takes between writing a file and renaming it into place, shorter than one notices.
const quiet = 25 * time.Millisecond

// batch is a set of files whose content changed together.
type batch struct {
	first  bool     // the beginning, before anything has changed
	names  []string // relative to the root, with slashes, sorted
	detect time.Duration
}

// watcher follows the files below a root. A file that was written without its content having
// changed is not reported.
type watcher struct {
	root    string
	ignore  []string
	notify  *fsnotify.Watcher
	sums    map[string][sha256.Size]byte
	batches chan batch
}

// newWatcher watches root; changes after it returned are seen.
func newWatcher(root string, ignore []string) (*watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", root, err)
	}
	w := &watcher{
		root: root, ignore: append([]string{"**/dist", "**/node_modules", "**/*_templ.go"}, ignore...),
		notify: notify, sums: map[string][sha256.Size]byte{}, batches: make(chan batch),
	}
	for _, glob := range w.ignore {
		if !doublestar.ValidatePattern(glob) {
			return nil, errors.Join(fmt.Errorf("watch %s: malformed glob %q", root, glob), notify.Close())
		}
	}
	if _, err := w.add(root); err != nil {
		return nil, errors.Join(err, notify.Close())
	}
	return w, nil
}

func (w *watcher) close() { _ = w.notify.Close() }

// run gathers changes into batches. While nobody takes a batch it grows.
func (w *watcher) run(ctx context.Context) error {
	pending := map[string]bool{}
	var began time.Time
	rest := time.NewTimer(quiet)
	rest.Stop()
	var ready batch
	var out chan batch // nil until a batch is complete
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
			ready, out = batch{}, nil
		}
	}
}

func merge(b batch, names []string, detect time.Duration) batch {
	all := append(b.names, names...)
	slices.Sort(all)
	return batch{names: slices.Compact(all), detect: max(b.detect, detect)}
}

// touched returns the files that an event concerns: the file itself, or all that a new folder holds.
func (w *watcher) touched(event fsnotify.Event) ([]string, error) {
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
func (w *watcher) add(dir string) ([]string, error) {
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
func (w *watcher) changed(names map[string]bool) []string {
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
func (w *watcher) name(path string) (string, bool) {
	rel, err := filepath.Rel(w.root, path)
	if err != nil || rel == "." {
		return "", false
	}
	name := filepath.ToSlash(rel)
	for at := name; ; {
		base := at[strings.LastIndexByte(at, '/')+1:]
		if base[0] == '.' || matchesOne(w.ignore, at) {
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
