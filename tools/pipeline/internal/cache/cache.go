// Package cache keeps what tasks made: one file, an artifact, for each key.
//
// An artifact is written beside its place and renamed into it, so that under a key lies either nothing or
// all. What is read from it is checked before anything in the tree is touched: a broken artifact is
// reported as [ErrBroken], and whoever reads it treats that as a miss.
package cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"magpie.build/tools/pipeline/internal/hash"
)

// ErrMiss is returned where there is no artifact under a key.
var ErrMiss = errors.New("not in the cache")

// ErrBroken is wrapped where an artifact is there, but is not what was stored.
var ErrBroken = errors.New("broken artifact")

// A Cache is a folder of artifacts that belong to the workspace at root. Safe for concurrent use, also by several processes.
type Cache struct {
	root      string
	dir       string // of the workspace
	artifacts string // may be shared with others
	heads     *heads
	run       string                   // names this one's temporary files
	restored  atomic.Int64             // how many artifacts
	tree      func() (*os.Root, error) // so that no link in the tree leads a file out of it
}

// Open returns the cache in dir, which it makes. The error names what cannot be written.
func Open(root, dir string) (*Cache, error) { return OpenShared(root, dir, dir) }

// OpenShared is Open with the artifacts in another folder, which several workspaces share.
func OpenShared(root, dir, shared string) (*Cache, error) {
	c := &Cache{root: root, dir: dir, artifacts: filepath.Join(shared, "artifacts"), heads: openHeads(filepath.Join(dir, "heads"))}
	c.run, c.tree = rand.Text(), sync.OnceValues(func() (*os.Root, error) { return os.OpenRoot(root) })
	for _, folder := range []string{c.Temp(), c.incoming()} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return nil, fmt.Errorf("open cache: %w", err)
		}
		probe, err := os.CreateTemp(folder, "probe-*")
		if err != nil {
			return nil, fmt.Errorf("open cache: %w", err)
		}
		if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
			return nil, fmt.Errorf("open cache: %w", err)
		}
	}
	return c, nil
}

// A Recipe is what an artifact says of the run it comes from.
type Recipe struct {
	// Task names what ran, for people who look into the cache.
	Task string
	// Duration is how long it took.
	Duration time.Duration
	// Log is what it printed.
	Log []byte
}

// An Output is a file or link that a task made.
type Output struct {
	// Name is relative to the root, with slashes.
	Name string
	// Mode is its type and permissions.
	Mode fs.FileMode
	// Size is in bytes.
	Size int64
	// Content is the hash of its bytes; of a link, that of its text.
	Content hash.Content
	// Link is the text of a symbolic link.
	Link string
}

// Temp is a folder for files of one run, in the cache, whose strays [Cache.Sweep] removes.
func (c *Cache) Temp() string { return filepath.Join(c.dir, "tmp") }

// incoming is where artifacts are written before they are renamed into their places.
func (c *Cache) incoming() string { return filepath.Join(c.artifacts, "tmp") }

// artifact is where what is kept under a key lies. Folders for the beginnings of keys would make each of a cache's first
// hundreds of artifacts wait for a folder of its own.
func (c *Cache) artifact(key hash.Key) string { return filepath.Join(c.artifacts, key.String()) }

// stray is the age at which a file in the temporary folder is certain to be left over from a killed run.
const stray = 24 * time.Hour

// Sweep removes what killed runs left in the temporary folders.
func (c *Cache) Sweep() {
	for _, folder := range []string{c.Temp(), c.incoming()} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > stray {
				_ = os.RemoveAll(filepath.Join(folder, e.Name()))
			}
		}
	}
}
