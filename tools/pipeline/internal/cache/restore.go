package cache

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"

	"magpie.build/tools/pipeline/internal/hash"
)

// An Artifact is what lies under a key, its head read and checked.
type Artifact struct {
	Recipe
	// Outputs are the files and links that the task made.
	Outputs []Output
	// Opened says that the file was opened to find out, for it was not known from an earlier run.
	Opened bool

	cache *Cache
	key   hash.Key
}

// Look returns what lies under the key of a task: [ErrMiss] where nothing does, an error that wraps [ErrBroken] where it is
// damaged. An artifact that was looked at before, and has not been touched since, is not opened.
func (c *Cache) Look(task string, key hash.Key) (*Artifact, error) {
	seen, err := lookAt(c.artifact(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrMiss
	}
	h, known := c.heads.load(task, key, seen)
	if renewed := renew(c.artifact(key), seen, time.Now()); renewed != seen {
		seen = renewed
		if known {
			c.heads.store(task, key, seen, h)
		}
	}
	if !known {
		var f *os.File
		if h, f, err = c.open(key); err != nil {
			return nil, err
		}
		_ = f.Close()
		c.heads.store(task, key, seen, h)
	}
	return &Artifact{Recipe: h.Recipe, Outputs: h.Outputs, Opened: !known, cache: c, key: key}, nil
}

// open leaves the file where the outputs' bytes begin.
func (c *Cache) open(key hash.Key) (head, *os.File, error) {
	f, err := os.Open(c.artifact(key))
	if errors.Is(err, fs.ErrNotExist) {
		return head{}, nil, ErrMiss
	}
	if err != nil {
		return head{}, nil, broken("%v", err)
	}
	h, err := readHead(f)
	if err == nil && h.Key != key {
		err = broken("it is that of %s under another key", h.Task)
	}
	if err != nil {
		_ = f.Close()
		return head{}, nil, err
	}
	return h, f, nil
}

// Restore puts the wanted outputs back: same bytes, same modes. It unpacks and checks all of them before the first is renamed into
// its place, so that a broken artifact changes nothing.
func (a *Artifact) Restore(want func(Output) bool) error {
	h, f, err := a.cache.open(a.key)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	stage, err := os.MkdirTemp(a.cache.Temp(), "restore-*")
	if err != nil {
		return fmt.Errorf("restore %s: %w", a.Task, err)
	}
	defer func() { _ = os.RemoveAll(stage) }() // Sweep comes for what stays
	if err := unpack(bufio.NewReaderSize(f, 256<<10), stage, h.Outputs, want); err != nil {
		return fmt.Errorf("restore %s: %w", a.Task, err)
	}
	return a.cache.place(stage, h.Outputs, want)
}

// unpack writes each wanted output to a file of the stage that is named for its place in the list.
func unpack(r io.Reader, stage string, outputs []Output, want func(Output) bool) error {
	unpacker, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer unpacker.Close()
	for i, o := range outputs {
		staged := filepath.Join(stage, strconv.Itoa(i))
		switch {
		case o.Mode&fs.ModeSymlink == 0:
			err = unpackFile(unpacker, staged, o, want(o))
		case want(o):
			err = os.Symlink(o.Link, staged)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func unpackFile(r io.Reader, staged string, o Output, keep bool) (err error) {
	sum := sha256.New()
	w := io.Writer(sum)
	if keep {
		f, err := os.OpenFile(staged, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer func() {
			err = errors.Join(err, f.Close(), os.Chmod(staged, o.Mode.Perm()))
		}()
		w = io.MultiWriter(f, sum)
	}
	if _, err := io.CopyN(w, r, o.Size); err != nil {
		return broken("%s: %v", o.Name, err)
	}
	if hash.Content(sum.Sum(nil)) != o.Content {
		return broken("%s has another checksum", o.Name)
	}
	return nil
}

// place renames staged outputs into the tree. What stands in the way, a folder where a file belongs or the other way round, is removed.
func (c *Cache) place(stage string, outputs []Output, want func(Output) bool) error {
	// A root, so that no link in the tree leads a file out of it.
	root, err := os.OpenRoot(c.root)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	from, err := filepath.Rel(c.root, stage)
	if err != nil {
		return err
	}
	for i, o := range outputs {
		if !want(o) {
			continue
		}
		if err := place(root, filepath.Join(from, strconv.Itoa(i)), filepath.FromSlash(o.Name)); err != nil {
			return fmt.Errorf("restore %s: %w", o.Name, err)
		}
	}
	return nil
}

func place(root *os.Root, staged, name string) error {
	if err := makeWay(root, filepath.Dir(name)); err != nil {
		return err
	}
	if info, err := root.Lstat(name); err == nil && info.IsDir() {
		if err := root.RemoveAll(name); err != nil {
			return err
		}
	}
	return root.Rename(staged, name)
}

// makeWay makes the folder dir, in place of files that have the name of one of its parts.
func makeWay(root *os.Root, dir string) error {
	err := root.MkdirAll(dir, 0o755)
	if err == nil || dir == "." {
		return err
	}
	for part := dir; part != "."; part = filepath.Dir(part) {
		if info, statErr := root.Lstat(part); statErr == nil && !info.IsDir() {
			if removeErr := root.Remove(part); removeErr != nil {
				return removeErr
			}
			return root.MkdirAll(dir, 0o755)
		}
	}
	return err
}
