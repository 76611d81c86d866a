package gosource

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"

	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/workspace"
)

// list returns a folder's entries, read once. A folder that is missing, or is a file, is empty.
func (r *Reader) list(dir string) ([]fs.DirEntry, error) {
	listings := &r.known(dir).listings
	once, ok := listings.Load(dir)
	if ok {
		read, _ := once.(func() ([]fs.DirEntry, error))
		return read()
	}
	once, _ = listings.LoadOrStore(dir, sync.OnceValues(func() ([]fs.DirEntry, error) {
		entries, err := r.config.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read Go source: %w", err)
		}
		return entries, nil
	}))
	read, _ := once.(func() ([]fs.DirEntry, error))
	return read()
}

// entry returns the entry called name of a folder, or nil.
func (r *Reader) entry(dir, name string) (fs.DirEntry, error) {
	entries, err := r.list(dir)
	i, found := slices.BinarySearchFunc(entries, name, func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
	if !found {
		return nil, err
	}
	return entries[i], err
}

// isModule says whether a folder is the root of a module.
func (r *Reader) isModule(dir string) (bool, error) {
	mod, err := r.entry(dir, "go.mod")
	return mod != nil && !mod.IsDir(), err
}

// walk returns all files below a folder.
func (r *Reader) walk(dir string) ([]string, error) {
	entries, err := r.list(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		name := glob.Path(dir, entry)
		if !entry.IsDir() {
			files = append(files, name)
			continue
		}
		below, err := r.walk(name)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}

// below does what packagesBelow does, once for each folder that is asked for.
func (r *Reader) below(module *workspace.Module, dir string) ([]location, error) {
	matches := &r.known(dir).matches
	if before, ok := matches.Load(dir); ok {
		found, _ := before.([]location)
		return found, nil
	}
	found, err := r.packagesBelow(module, dir)
	if err == nil {
		matches.Store(dir, found)
	}
	return found, err
}

// packagesBelow returns dir and the folders below it that "..." matches and that hold Go files.
func (r *Reader) packagesBelow(module *workspace.Module, dir string) ([]location, error) {
	entries, err := r.list(dir)
	if err != nil {
		return nil, err
	}
	var found []location
	if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() && strings.HasSuffix(e.Name(), ".go") }) {
		found = append(found, location{dir: dir, module: module})
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		below := glob.Path(dir, entry)
		if skipped(module, below) {
			continue
		}
		nested, err := r.isModule(below)
		if err != nil {
			return nil, err
		}
		if nested {
			continue
		}
		more, err := r.packagesBelow(module, below)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// skipped says whether "..." keeps out of a folder.
func skipped(module *workspace.Module, dir string) bool {
	name := path.Base(dir)
	if name[0] == '.' || name[0] == '_' || name == "testdata" || name == "vendor" {
		return true
	}
	rel := strings.TrimPrefix(dir, module.Name+"/")
	if module.Name == "." {
		rel = dir
	}
	for _, ignore := range module.Ignore {
		// "./x" is that folder of the module, "x" is any folder of that name.
		if under, rooted := strings.CutPrefix(ignore, "./"); rooted {
			if rel == path.Clean(under) {
				return true
			}
			continue
		}
		if rel == ignore || strings.HasSuffix(rel, "/"+ignore) {
			return true
		}
	}
	return false
}
