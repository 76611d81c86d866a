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
	"sync"
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
	stage := a.cache.stage()
	defer stage.clear() // Sweep comes for what a killed run leaves
	if err := unpack(f, stage, h.Outputs, want); err != nil {
		return fmt.Errorf("restore %s: %w", a.Task, err)
	}
	return a.cache.place(stage, h.Outputs, want)
}

// A stage is where the outputs of one artifact wait until all of them have been checked.
type stage struct {
	prefix string         // of their files in the temporary folder
	files  map[int]string // by the place of the output in its list
}

func (c *Cache) stage() stage {
	return stage{filepath.Join(c.Temp(), fmt.Sprintf("restore-%s-%d-", c.run, c.restored.Add(1))), make(map[int]string)}
}

// file returns the file for an output.
func (s stage) file(i int) string {
	s.files[i] = s.prefix + strconv.Itoa(i)
	return s.files[i]
}

// clear removes what was not placed.
func (s stage) clear() {
	for _, file := range s.files {
		_ = os.Remove(file)
	}
}

// An unpacker is used for one artifact after another: each takes as much memory as a hundred small outputs.
type unpacker struct {
	file   *bufio.Reader
	stream *zstd.Decoder
}

var unpackers = sync.Pool{New: func() any {
	stream, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	return &unpacker{bufio.NewReaderSize(nil, 64<<10), stream}
}}

// unpack writes each wanted output to a file of the stage.
func unpack(r io.Reader, to stage, outputs []Output, want func(Output) bool) error {
	pooled := unpackers.Get()
	u, ok := pooled.(*unpacker)
	if !ok {
		err, _ := pooled.(error)
		return err
	}
	defer func() {
		u.file.Reset(nil)
		_ = u.stream.Reset(nil)
		unpackers.Put(u)
	}()
	u.file.Reset(r)
	if err := u.stream.Reset(u.file); err != nil {
		return broken("%v", err)
	}
	for i, o := range outputs {
		var err error
		switch {
		case o.Mode&fs.ModeSymlink == 0 && want(o):
			err = unpackFile(u.stream, to.file(i), o)
		case o.Mode&fs.ModeSymlink == 0:
			err = copyChecked(io.Discard, u.stream, o)
		case want(o):
			err = os.Symlink(o.Link, to.file(i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func unpackFile(r io.Reader, name string, o Output) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = copyChecked(f, r, o)
	return errors.Join(err, f.Chmod(o.Mode.Perm()), f.Close())
}

// copyChecked copies the bytes of an output. The error wraps [ErrBroken] where they are not those that were stored.
func copyChecked(w io.Writer, r io.Reader, o Output) error {
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w, sum), r, o.Size); err != nil {
		return broken("%s: %v", o.Name, err)
	}
	if hash.Content(sum.Sum(nil)) != o.Content {
		return broken("%s has another checksum", o.Name)
	}
	return nil
}

// place renames staged outputs into the tree. What stands in the way, a folder where a file belongs or the other way round, is removed.
func (c *Cache) place(from stage, outputs []Output, want func(Output) bool) error {
	root, err := c.tree()
	if err != nil {
		return err
	}
	made := "" // the folder of the last output: the next mostly has the same
	for i, o := range outputs {
		if !want(o) {
			continue
		}
		staged, err := filepath.Rel(c.root, from.files[i])
		if err != nil {
			return err
		}
		name := filepath.FromSlash(o.Name)
		if dir := filepath.Dir(name); dir != made {
			if err := makeWay(root, dir); err != nil {
				return fmt.Errorf("restore %s: %w", o.Name, err)
			}
			made = dir
		}
		if err := place(root, staged, name); err != nil {
			return fmt.Errorf("restore %s: %w", o.Name, err)
		}
		delete(from.files, i)
	}
	return nil
}

func place(root *os.Root, staged, name string) error {
	err := root.Rename(staged, name)
	if err == nil {
		return nil
	}
	if info, statErr := root.Lstat(name); statErr == nil && info.IsDir() {
		if err := root.RemoveAll(name); err != nil {
			return err
		}
		return root.Rename(staged, name)
	}
	return err
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
