package hash

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// racy is how much older than its hashing a file's last change must be for its stat to be trusted: two
// seconds, the coarsest clock of a file system in use (FAT). A later change in the same tick would not show.
const racy = 2 * time.Second

// An Index knows the content hash of files by their stat: a file is read only when its size, its times or
// its inode changed. Safe for concurrent use.
type Index struct {
	root string
	file string

	mu      sync.Mutex
	entries map[string]entry
	fresh   map[string]File // looked at since the last Forget
	changed bool
}

// An entry is what was seen when a file was hashed.
type entry struct {
	stat    stat
	content Content
}

// A stat is what tells one state of a file from another.
type stat struct {
	size, modified, changed int64 // changed is the inode's change time in nanoseconds, 0 where there is none
	inode                   uint64
	mode                    uint32
}

// A File is what the index knows of a file.
type File struct {
	// Mode is its type and permissions.
	Mode fs.FileMode
	// Size is in bytes; of a link, that of its text.
	Size int64
	// Content is the hash of its bytes; of a link, that of its text.
	Content Content
}

// Open reads the index kept in file, whose relative names are relative to root. What cannot be read
// counts as empty: an index only saves time.
func Open(root, file string) *Index {
	x := &Index{root: root, file: file, entries: make(map[string]entry), fresh: make(map[string]File)}
	if data, err := os.ReadFile(file); err == nil {
		if entries, err := decode(data); err == nil {
			x.entries = entries
		}
	}
	return x
}

// File returns what is at name: relative to the root, with slashes, or absolute. Links are not followed. The error wraps
// [fs.ErrNotExist] where there is nothing. What is neither a file nor a link is an error.
//
// The answer holds until [Index.Forget]: each file is looked at once.
func (x *Index) File(name string) (File, error) {
	x.mu.Lock()
	file, ok := x.fresh[name]
	x.mu.Unlock()
	if ok {
		return file, nil
	}
	file, err := x.look(name)
	if err == nil {
		x.mu.Lock()
		x.fresh[name] = file
		x.mu.Unlock()
	}
	return file, err
}

// Forget makes the index look at all files again: something may have changed them.
func (x *Index) Forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	clear(x.fresh)
}

// look answers by the file's stat, and reads the file where that is not known.
func (x *Index) look(name string) (File, error) {
	full := x.full(name)
	info, err := os.Lstat(full)
	if err != nil {
		return File{}, err
	}
	seen := statOf(info)
	file := File{Mode: info.Mode(), Size: info.Size()}
	x.mu.Lock()
	known, ok := x.entries[name]
	x.mu.Unlock()
	if ok && known.stat == seen {
		file.Content = known.content
		return file, nil
	}
	file.Content, err = read(full, info.Mode())
	if err != nil {
		return File{}, err
	}
	x.remember(name, full, entry{seen, file.Content})
	return file, nil
}

// remember keeps an entry if the file was not changed while it was read, and not so lately that the next
// change could look the same.
func (x *Index) remember(name, full string, e entry) {
	again, err := os.Lstat(full)
	settled := err == nil && statOf(again) == e.stat && time.Since(again.ModTime()) > racy
	x.mu.Lock()
	defer x.mu.Unlock()
	if settled {
		x.entries[name] = e
		x.changed = true
		return
	}
	if _, ok := x.entries[name]; ok {
		delete(x.entries, name)
		x.changed = true
	}
}

func (x *Index) full(name string) string {
	if filepath.IsAbs(filepath.FromSlash(name)) {
		return filepath.FromSlash(name)
	}
	return filepath.Join(x.root, filepath.FromSlash(name))
}

func read(full string, mode fs.FileMode) (content Content, err error) {
	sum := sha256.New()
	switch {
	case mode.IsRegular():
		f, err := os.Open(full)
		if err != nil {
			return content, err
		}
		_, err = io.Copy(sum, f)
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return content, err
		}
	case mode&fs.ModeSymlink != 0:
		text, err := os.Readlink(full)
		if err != nil {
			return content, err
		}
		_, _ = io.WriteString(sum, text) // a hash takes all
	default:
		return content, fmt.Errorf("%s is neither a file nor a link", full)
	}
	sum.Sum(content[:0])
	return content, nil
}

// Files returns what is at each name, as many at once as there are processors. Names where nothing is are left out.
func (x *Index) Files(names []string) (map[string]File, error) {
	files := make(map[string]File, len(names))
	var mu sync.Mutex
	var first error
	parts := min(runtime.GOMAXPROCS(0), max(1, len(names)/32))
	var wg sync.WaitGroup
	for part := range parts {
		wg.Go(func() {
			found := make(map[string]File)
			var failed error
			for i := part; i < len(names) && failed == nil; i += parts {
				file, err := x.File(names[i])
				if err == nil {
					found[names[i]] = file
				} else if !missing(err) {
					failed = err
				}
			}
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(files, found)
			if first == nil {
				first = failed
			}
		})
	}
	wg.Wait()
	return files, first
}

// Save writes the index, in one step, if anything in it changed.
func (x *Index) Save() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.changed {
		return nil
	}
	if err := WriteFile(x.file, encode(x.entries)); err != nil {
		return fmt.Errorf("save file index: %w", err)
	}
	x.changed = false
	return nil
}

// WriteFile writes a file in one step: beside its place, then renamed into it.
func WriteFile(file string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+"-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}
