package serve

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long nothing must change before a change is looked at: editors write a file in
// several steps.
const quiet = 40 * time.Millisecond

// Follow calls changed with the files that changed below root, each time nothing more has
// changed for a moment. It returns when ctx ends.
func Follow(ctx context.Context, root string, changed func(files []string)) (err error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("follow %s: %w", root, err)
	}
	defer watcher.Close() //nolint:errcheck // nothing is lost
	if err := addTree(watcher, root); err != nil {
		return fmt.Errorf("follow %s: %w", root, err)
	}
	var files []string
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-watcher.Errors:
			return fmt.Errorf("follow %s: %w", root, err)
		case event := <-watcher.Events:
			if !matters(event) {
				continue
			}
			if event.Has(fsnotify.Create) {
				// A new folder; for a file, or what is gone already, there is nothing to add.
				_ = addTree(watcher, event.Name)
			}
			files = append(files, event.Name)
			timer.Reset(quiet)
		case <-timer.C:
			slices.Sort(files)
			changed(slices.Compact(files))
			files = nil
		}
	}
}

// addTree watches a folder and those below it.
func addTree(watcher *fsnotify.Watcher, root string) error {
	return filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !entry.IsDir():
			return nil
		case name != root && ignored(entry.Name()):
			return filepath.SkipDir
		default:
			return watcher.Add(name)
		}
	})
}

// ignored names folders that hold nothing that is written by hand.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || name == "dist" || name == "testdata" || name == "node_modules"
}

// mageMain is written beside the magefile and removed again whenever mage runs, which reading the
// tasks does.
const mageMain = "mage_output_file.go"

// matters says whether an event is about a file that the site is made of.
func matters(event fsnotify.Event) bool {
	if event.Op == fsnotify.Chmod {
		return false
	}
	base := filepath.Base(event.Name)
	if strings.HasPrefix(base, ".") || strings.HasSuffix(base, "~") || base == mageMain {
		return false
	}
	switch filepath.Ext(base) {
	case ".go", ".md", ".templ", ".css", ".ts", ".mod", ".work", "":
		return true
	default:
		return false
	}
}
