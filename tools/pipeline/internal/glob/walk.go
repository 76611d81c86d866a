package glob

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"syscall"
)

// Files returns the files and symbolic links of fsys that the set matches, sorted. Folders that are not
// there hold nothing; folders named .git, .magpie and node_modules are not entered. skip, unless nil, says
// which other folders to leave out.
func (s Set) Files(fsys fs.FS, skip func(dir string) bool) ([]string, error) {
	var files []string
	for _, base := range s.Bases() {
		err := fs.WalkDir(fsys, base, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
				return nil
			case err != nil:
				return err
			case entry.IsDir():
				if name != base && (closed(name) || skip != nil && skip(name)) {
					return fs.SkipDir
				}
			case s.Match(name):
				files = append(files, name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

func closed(dir string) bool {
	name := path.Base(dir)
	return name == ".git" || name == ".magpie" || name == "node_modules"
}
