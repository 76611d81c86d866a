package hash

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"magpie.build/tools/pipeline/internal/glob"
)

// A folder is what the index knows of one folder and the files in it.
type folder struct {
	name  string
	above int // see above

	mu        sync.Mutex
	packed    string // as the index file has it, while that is so
	isOpen    bool   // packed was unpacked
	isMet     bool   // it was there when this process asked
	full      string // the absolute path with a separator behind, once somebody asked
	from      place  // where near begins
	near      string // the path to look at files by, with a separator behind
	isNear    bool   // so is that of each record
	seen      stat   // when it was listed; the zero value where the listing is not to be trusted
	listing   []fs.DirEntry
	listedAt  uint32    // the epoch in which the listing was last found right
	isGone    bool      // in that epoch
	memos     []memo    // the latest last
	forgotten int       // how often
	next      int       // where the record lies that is likely to be asked for
	records   []*record // by name; more than the listing where one is not there, or was never made
}

// A record is what is known of one name in a folder.
type record struct {
	path    string      // what glob.Join makes of the folder and the name
	kind    fs.FileMode // the type that the listing gave it
	lies    bool        // it is in the listing
	seen    stat        // when it was hashed
	hashed  bool
	settled bool // seen tells the content from any other
	noted   bool
	content string // 32 bytes, once it is hashed
	note    string
	at      uint32 // the epoch in which it was last looked at
	in      *folder
	err     error // what came of that
}

var _ fs.DirEntry = (*record)(nil)

// above is how much of a path in a folder is not the entry's name.
func above(dir string) int { return len(glob.Join(dir, "")) }

// Name implements [fs.DirEntry].
func (r *record) Name() string { return r.path[r.in.above:] }

// Path is the name of the folder and that of the entry: whoever walks many folders need not join them again.
func (r *record) Path() string { return r.path }

// IsDir implements [fs.DirEntry].
func (r *record) IsDir() bool { return r.kind.IsDir() }

// Type implements [fs.DirEntry].
func (r *record) Type() fs.FileMode { return r.kind }

// Info implements [fs.DirEntry]: it looks at the file.
func (r *record) Info() (fs.FileInfo, error) { return os.Lstat(r.in.full + r.Name()) }

func (r *record) answer() File {
	file := File{Mode: r.seen.mode, Size: r.seen.size}
	copy(file.Content[:], r.content)
	return file
}

// errKind says that something is neither a file nor a link.
var errKind = errors.New("neither a file nor a link")

// find works out the paths of the folder.
func (f *folder) find(x *Index) {
	if f.full != "" {
		return
	}
	f.full = x.full(f.name)
	if last := f.full[len(f.full)-1]; !os.IsPathSeparator(last) {
		f.full += string(filepath.Separator)
	}
	f.from, f.near, f.isNear = x.near(f.name, f.full)
}

// itself is the folder's own path.
func (f *folder) itself() string {
	if f.near == "" {
		return "."
	}
	return f.near
}

// open unpacks what the index file had.
func (f *folder) open(x *Index) {
	f.find(x)
	if f.isOpen {
		return
	}
	f.isOpen = true
	if f.packed != "" && f.unpack(f.packed) != nil {
		f.packed, f.seen, f.records, f.listing, f.memos = "", stat{}, nil, nil, nil
	}
}

// forget makes the folder be looked at again.
func (f *folder) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listedAt, f.isMet = 0, false
	f.forgotten++
	for _, r := range f.records {
		r.at = 0
	}
}

// look returns the record of a name, its stat taken in this epoch. Its content is known if it is hashed.
func (f *folder) look(x *Index, name string) (*record, error) {
	f.open(x)
	epoch := x.epoch.Load()
	at, known := f.search(name)
	if known && f.records[at].at == epoch {
		return f.records[at], f.records[at].err
	}
	if f.listedAt == epoch && (!known || !f.records[at].lies) {
		return nil, fs.ErrNotExist
	}
	if known {
		r := f.records[at]
		return r, f.refresh(r, epoch)
	}
	r := &record{path: glob.Join(f.name, name), in: f}
	err := f.refresh(r, epoch)
	r.kind = r.seen.mode.Type()
	f.records = slices.Insert(f.records, at, r)
	return r, err
}

// search finds the record of a name, or where it would be. Most callers ask for one name after the other.
func (f *folder) search(name string) (at int, known bool) {
	if f.next < len(f.records) && f.records[f.next].Name() == name {
		at, known = f.next, true
	} else {
		at, known = slices.BinarySearchFunc(f.records, name, func(r *record, name string) int { return cmp.Compare(r.Name(), name) })
	}
	f.next = at + 1
	return at, known
}

// refresh looks at the file of a record.
func (f *folder) refresh(r *record, epoch uint32) error {
	path := r.path
	if !f.isNear {
		path = f.near + r.Name()
	}
	seen, err := f.from.lstat(path)
	r.at, r.err = epoch, err
	if err == nil && !seen.mode.IsRegular() && seen.mode&fs.ModeSymlink == 0 {
		r.err = &fs.PathError{Op: "hash", Path: f.full + r.Name(), Err: errKind}
	}
	if r.noted && (err != nil || !r.settled || r.seen != seen) {
		f.packed, f.memos = "", nil
	}
	if err == nil && (!r.settled || r.seen != seen) {
		f.packed = ""
		r.hashed, r.noted, r.settled, r.seen, r.note = false, false, false, seen, ""
	}
	return r.err
}

// list returns the entries of the folder, from its stat where that tells them.
func (f *folder) list(x *Index) ([]fs.DirEntry, error) {
	f.open(x)
	epoch := x.epoch.Load()
	if f.listedAt == epoch {
		if f.isGone {
			return nil, fs.ErrNotExist
		}
		return f.listing, nil
	}
	seen, err := f.from.lstat(f.itself())
	if err == nil && seen == f.seen && listingShows {
		f.listedAt, f.isGone, f.isMet = epoch, false, true
		return f.listing, nil
	}
	if err == nil {
		var entries []fs.DirEntry
		if entries, err = os.ReadDir(f.full); err == nil {
			f.replace(entries)
		}
	}
	if Missing(err) {
		f.replace(nil)
		f.seen, f.listedAt, f.isGone, f.isMet = stat{}, epoch, true, false
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	x.changed.Store(true)
	f.listedAt, f.isGone, f.isMet, f.seen = epoch, false, true, stat{}
	if again, err := f.from.lstat(f.itself()); err == nil && again == seen && seen.settled(x.now()) {
		f.seen = seen
	}
	return f.listing, nil
}

// replace takes over a new listing, and keeps what is known of the files that are still in it.
func (f *folder) replace(entries []fs.DirEntry) {
	known := make(map[string]*record, len(f.records))
	for _, r := range f.records {
		known[r.Name()] = r
	}
	f.records, f.listing = make([]*record, len(entries)), make([]fs.DirEntry, len(entries))
	for i, entry := range entries {
		r := known[entry.Name()]
		// Whoever asked before may still read the kind of the old record.
		if r == nil || r.kind != entry.Type() {
			r = &record{path: glob.Join(f.name, entry.Name()), kind: entry.Type(), in: f}
		}
		r.lies = true
		f.records[i], f.listing[i] = r, r
	}
	f.packed, f.memos = "", nil
}
