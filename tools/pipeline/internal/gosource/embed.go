package gosource

import (
	"io/fs"
	"path"
	"strings"
)

// embed returns the files that a go:embed pattern of the package in dir matches. Folders are
// taken whole, without what is hidden (unless the pattern begins with "all:"), without version
// control folders and without nested modules. What the go command would refuse is left out.
func (r *Reader) embed(dir, pattern string) ([]string, error) {
	glob, all := strings.CutPrefix(pattern, "all:")
	if glob == "" || !fs.ValidPath(glob) {
		return nil, nil
	}
	if _, err := path.Match(glob, ""); err != nil {
		return nil, nil //nolint:nilerr // the build reports a malformed pattern
	}
	if glob == "." {
		return r.embedFolder(dir, all)
	}
	return r.embedGlob(dir, strings.Split(glob, "/"), all)
}

// embedGlob matches the elements of a pattern, one folder level each.
func (r *Reader) embedGlob(dir string, elements []string, all bool) ([]string, error) {
	entries, err := r.list(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		if ok, err := path.Match(elements[0], entry.Name()); err != nil || !ok || neverEmbedded(entry.Name()) {
			continue
		}
		name := path.Join(dir, entry.Name())
		if !entry.IsDir() {
			if len(elements) == 1 {
				files = append(files, name)
			}
			continue
		}
		nested, err := r.isModule(name)
		if err != nil {
			return nil, err
		}
		if nested {
			continue
		}
		var more []string
		if len(elements) > 1 {
			more, err = r.embedGlob(name, elements[1:], all)
		} else {
			more, err = r.embedFolder(name, all)
		}
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

// embedFolder returns the files of a matched folder.
func (r *Reader) embedFolder(dir string, all bool) ([]string, error) {
	entries, err := r.list(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		base, name := entry.Name(), path.Join(dir, entry.Name())
		if neverEmbedded(base) || !all && (base[0] == '.' || base[0] == '_') {
			continue
		}
		if entry.Type().IsRegular() {
			files = append(files, name)
		}
		if !entry.IsDir() {
			continue
		}
		nested, err := r.isModule(name)
		if err != nil {
			return nil, err
		}
		if nested {
			continue
		}
		more, err := r.embedFolder(name, all)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

func neverEmbedded(name string) bool {
	switch name {
	case "", ".bzr", ".hg", ".git", ".svn":
		return true
	}
	return false
}
