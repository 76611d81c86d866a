package dev

import (
	"crypto/sha256"
	"errors"
	"go/build"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/workspace"
)

// fileCache remembers what files hold for as long as their size and time stay, and their names
// are not forgotten. It may be used from many goroutines.
type fileCache struct {
	root string

	mu     sync.Mutex
	states map[string]fileState
}

type fileState struct {
	size      int64
	modified  time.Time
	sum       [sha256.Size]byte
	header    gosource.Header
	hasHeader bool
}

var _ gosource.Headers = (*fileCache)(nil)

func newFileCache(root string) *fileCache {
	return &fileCache{root: root, states: map[string]fileState{}}
}

func (c *fileCache) forget(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		delete(c.states, name)
	}
}

// fingerprint returns a digest of everything that a build of the package in dir reads.
func (c *fileCache) fingerprint(dir string) (digest, error) {
	ws, err := workspace.Load(c.root)
	if err != nil {
		return digest{}, err
	}
	inputs, err := gosource.New(ws, gosource.Config{CGO: build.Default.CgoEnabled, Headers: c}).Build(dir)
	if err != nil {
		return digest{}, err
	}
	names := append(inputs.Files, "go.work", "go.work.sum")
	for _, module := range inputs.Modules {
		names = append(names, path.Join(module, "go.mod"), path.Join(module, "go.sum"))
	}
	sum := sha256.New()
	for _, name := range names {
		content, err := c.sum(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return digest{}, err
		}
		sum.Write([]byte(name))
		sum.Write([]byte{0})
		sum.Write(content[:])
	}
	return digest(sum.Sum(nil)), nil
}

// digest stands for the sources of one app.
type digest [sha256.Size]byte

// Load returns the header of a file that is still the one that was stored.
func (c *fileCache) Load(name string) (gosource.Header, bool) {
	state, ok := c.fresh(name)
	return state.header, ok && state.hasHeader
}

// Store remembers a file's header.
func (c *fileCache) Store(name string, content []byte, header gosource.Header) {
	info, err := os.Stat(c.path(name))
	if err != nil || info.Size() != int64(len(content)) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.states[name] = fileState{
		size: info.Size(), modified: info.ModTime(), sum: sha256.Sum256(content), header: header, hasHeader: true,
	}
}

func (c *fileCache) sum(name string) ([sha256.Size]byte, error) {
	if state, ok := c.fresh(name); ok {
		return state.sum, nil
	}
	content, err := os.ReadFile(c.path(name))
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	return sha256.Sum256(content), nil
}

func (c *fileCache) fresh(name string) (fileState, bool) {
	c.mu.Lock()
	state, known := c.states[name]
	c.mu.Unlock()
	if !known {
		return fileState{}, false
	}
	info, err := os.Stat(c.path(name))
	return state, err == nil && info.Size() == state.size && info.ModTime().Equal(state.modified)
}

func (c *fileCache) path(name string) string { return filepath.Join(c.root, filepath.FromSlash(name)) }
