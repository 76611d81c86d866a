package hash

import (
	"cmp"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"magpie.build/tools/pipeline/internal/glob"
)

// racy is how much older than its hashing a file's last change must be for its stat to be trusted: two
// seconds, the coarsest clock of a file system in use (FAT). A later change in the same tick would not show.
const racy = 2 * time.Second

// An Index knows the content hash of files by their stat, and what lies in folders by theirs: a file is read and
// a folder listed only when its size, its times or its inode changed. Safe for concurrent use.
//
// What it answers holds until [Index.Forget]: each file and each folder is looked at once.
type Index struct {
	root string
	file string
	at   func() (place, bool) // of the root
	now  func() time.Time

	epoch   atomic.Uint32 // what was looked at in an earlier one is looked at again
	changed atomic.Bool

	known map[string]*folder // those of the file; does not change, and so needs no lock
	names []string           // of these, sorted

	mu      sync.Mutex
	folders map[string]*folder // others
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
// counts as empty: an index only saves time. So does one from the future: the clock was set back since, and what changes from
// now on may get the times that it knows.
func Open(root, file string) *Index {
	x := &Index{root: root, file: file, now: time.Now, folders: make(map[string]*folder)}
	x.at = sync.OnceValues(func() (place, bool) { return openPlace(root) })
	x.epoch.Store(1)
	data, written, err := readFile(file)
	if err != nil || written.After(time.Now().Add(racy)) {
		return x
	}
	packed, err := decode(data)
	if err != nil {
		return x
	}
	all := make([]folder, len(packed))
	x.names, x.known = make([]string, len(packed)), make(map[string]*folder, len(packed))
	for i, p := range packed {
		all[i] = folder{name: p.name, above: above(p.name), packed: p.rest}
		x.names[i], x.known[p.name] = p.name, &all[i]
	}
	return x
}

// File returns what is at name: relative to the root, with slashes, or absolute. Links are not followed. The error wraps
// [fs.ErrNotExist] where there is nothing. What is neither a file nor a link is an error.
func (x *Index) File(name string) (File, error) {
	file, _, err := x.look(name, nil)
	return file, err
}

// Note returns, beside what File does, what derive makes of the content. The note is kept with the file's stat, so
// that it is derived once for each content: derive has to be a function of name and content alone, and the same for
// all calls with one name. What is behind a link is neither hashed nor noted: the note is empty.
func (x *Index) Note(name string, derive func(content []byte) string) (File, string, error) {
	return x.look(name, derive)
}

// ReadDir lists a folder, sorted by name. The error wraps [fs.ErrNotExist] where there is none.
func (x *Index) ReadDir(name string) ([]fs.DirEntry, error) {
	f := x.folder(name)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.list(x)
}

// Forget makes the index look at everything again: something may have changed it.
func (x *Index) Forget() { x.epoch.Add(1) }

// ForgetBelow makes the index look again at a folder, all below it, and the folder that it is in.
func (x *Index) ForgetBelow(dir string) {
	var below []*folder
	first, _ := slices.BinarySearch(x.names, dir)
	if dir == "." {
		first = 0
	}
	for _, name := range x.names[first:] {
		if dir != "." && !strings.HasPrefix(name, dir) {
			break
		}
		if isWithin(dir, name) {
			below = append(below, x.known[name])
		}
	}
	x.mu.Lock()
	for name, f := range x.folders {
		if isWithin(dir, name) {
			below = append(below, f)
		}
	}
	x.mu.Unlock()
	above, _ := glob.Split(dir)
	for _, f := range append(below, x.folder(above)) {
		f.forget()
	}
}

// isWithin reports whether a folder is dir or below it. All are below ".", also those outside the root.
func isWithin(dir, name string) bool {
	return dir == "." || strings.HasPrefix(name, dir) && (len(name) == len(dir) || name[len(dir)] == '/')
}

func (x *Index) folder(dir string) *folder {
	if f := x.known[dir]; f != nil {
		return f
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.folders[dir]
	if f == nil {
		f = &folder{name: dir, above: above(dir)}
		x.folders[dir] = f
	}
	return f
}

func (x *Index) look(name string, derive func([]byte) string) (File, string, error) {
	dir, base := glob.Split(name)
	return x.lookIn(x.folder(dir), base, derive)
}

func (x *Index) lookIn(f *folder, base string, derive func([]byte) string) (File, string, error) {
	if base == "" || base == "." || base == ".." {
		return File{}, "", &fs.PathError{Op: "hash", Path: glob.Join(f.name, base), Err: errKind}
	}
	f.mu.Lock()
	r, err := f.look(x, base)
	if err != nil {
		f.mu.Unlock()
		return File{}, "", err
	}
	if r.hashed && (derive == nil || r.noted || !r.seen.mode.IsRegular()) {
		defer f.mu.Unlock()
		return r.answer(), r.note, nil
	}
	seen, full := r.seen, f.full+base
	f.mu.Unlock() // others may look at the folder while a file of it is read

	read, err := x.read(full, seen, derive)
	if err != nil {
		return File{}, "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	x.changed.Store(true)
	if r.seen == seen {
		f.packed = ""
		r.content, r.note, r.hashed, r.noted, r.settled = string(read.content[:]), read.note, true, derive != nil, read.settled
	}
	return File{Mode: seen.mode, Size: seen.size, Content: read.content}, read.note, nil
}

func (x *Index) full(name string) string {
	if filepath.IsAbs(filepath.FromSlash(name)) {
		return filepath.FromSlash(name)
	}
	return filepath.Join(x.root, filepath.FromSlash(name))
}

// near returns a short way to look at what lies in a folder, and whether that is by the names that the index has.
func (x *Index) near(name, full string) (at place, near string, isNear bool) {
	at, ok := x.at()
	switch {
	case !ok || path.IsAbs(name) || filepath.IsAbs(name):
		return anywhere, full, false
	case name == ".":
		return at, "", true
	}
	return at, name + "/", true
}

// Each calls do with what is at each name, in their order, until one returns an error. Names of one folder that follow one another cost
// the least. The error given to do is that of [Index.File].
func (x *Index) Each(names []string, do func(name string, file File, err error) error) error {
	var f *folder
	for _, name := range names {
		dir, base := glob.Split(name)
		if f == nil || f.name != dir {
			f = x.folder(dir)
		}
		file, _, err := x.lookIn(f, base, nil)
		if err := do(name, file, err); err != nil {
			return err
		}
	}
	return nil
}

// Files returns what is at each name, nil where nothing is. Of many names it looks at as many at once as there are processors.
func (x *Index) Files(names []string) ([]*File, error) {
	files, found := make([]File, len(names)), make([]*File, len(names))
	const enough = 64
	parts := max(1, min(runtime.GOMAXPROCS(0), len(names)/enough*2))
	errs := make([]error, parts)
	var wg sync.WaitGroup
	for part := range parts {
		at, end := part*len(names)/parts, (part+1)*len(names)/parts
		look := func() {
			errs[part] = x.Each(names[at:end], func(_ string, file File, err error) error {
				if err == nil {
					files[at] = file
					found[at] = &files[at]
				} else if !Missing(err) {
					return err
				}
				at++
				return nil
			})
		}
		if parts == 1 {
			look()
		} else {
			wg.Go(look)
		}
	}
	wg.Wait()
	return found, cmp.Or(errs...)
}
