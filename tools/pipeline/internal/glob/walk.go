package glob

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
)

// Files returns the files and symbolic links that the set matches, sorted. list lists a folder by its name, sorted.
// Folders that are not there hold nothing; folders named .git, .magpie and node_modules are not entered. skip, unless
// nil, says which other folders to leave out.
func (s Set) Files(list func(dir string) ([]fs.DirEntry, error), skip func(dir string) bool) ([]string, error) {
	w := walk{set: s, list: list, skip: skip}
	for _, base := range s.Bases() {
		if err := w.base(base); err != nil {
			return nil, err
		}
	}
	slices.Sort(w.files)
	return slices.Compact(w.files), nil
}

type walk struct {
	set   Set
	list  func(dir string) ([]fs.DirEntry, error)
	skip  func(dir string) bool
	files []string
}

// base walks a folder, or takes the file of that name.
func (w *walk) base(name string) error {
	if w.set.Match(name) { // a pattern without wildcards, which may name a file
		entries, err := w.entries(path.Dir(name))
		if err != nil {
			return err
		}
		at, found := slices.BinarySearchFunc(entries, path.Base(name), func(e fs.DirEntry, name string) int {
			return cmp.Compare(e.Name(), name)
		})
		if found && !entries[at].IsDir() {
			w.files = append(w.files, name)
			return nil
		}
	}
	return w.folder(name)
}

func (w *walk) folder(dir string) error {
	entries, err := w.entries(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := Path(dir, entry)
		switch {
		case !entry.IsDir():
			if w.set.Match(name) {
				w.files = append(w.files, name)
			}
		case !closed(name) && (w.skip == nil || !w.skip(name)):
			if err := w.folder(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walk) entries(dir string) ([]fs.DirEntry, error) {
	entries, err := w.list(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	return entries, err
}

// Join is [path.Join] for a folder whose name is clean and the name of an entry of it.
func Join(dir, name string) string {
	switch dir {
	case ".":
		return name
	case "/":
		return dir + name
	}
	return dir + "/" + name
}

// Split divides a clean name into its folder, which is "." for one without slash, and its last element.
func Split(name string) (dir, base string) {
	switch at := strings.LastIndexByte(name, '/'); at {
	case -1:
		return ".", name
	case 0:
		return "/", name[1:]
	default:
		return name[:at], name[at+1:]
	}
}

// Path is [Join] for an entry that a folder of that name was listed with. One that has a method Path is asked.
func Path(dir string, entry fs.DirEntry) string {
	if known, ok := entry.(interface{ Path() string }); ok {
		return known.Path()
	}
	return Join(dir, entry.Name())
}

func closed(dir string) bool {
	name := path.Base(dir)
	return name == ".git" || name == ".magpie" || name == "node_modules"
}
