//go:build linux || darwin

package hash

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// listingShows says that a folder's stat changes with what lies in it.
const listingShows = true

// A place is where relative paths begin: they are shorter for the system to follow than absolute ones.
type place struct {
	dir *os.File // keeps fd open
	fd  int
}

// anywhere has absolute paths only.
var anywhere = place{fd: unix.AT_FDCWD}

// openPlace returns the place of a folder. It reports false where it cannot be had.
func openPlace(dir string) (place, bool) {
	f, err := os.Open(dir)
	if err != nil {
		return anywhere, false
	}
	return place{f, int(f.Fd())}, true
}

// lstat looks at a file without following links. It is [os.Lstat] without its garbage: a run calls it for each file.
func (p place) lstat(path string) (stat, error) {
	var sys unix.Stat_t
	for {
		err := unix.Fstatat(p.fd, path, &sys, unix.AT_SYMLINK_NOFOLLOW)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return stat{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
		}
	}
	modified, changed, mode := details(&sys)
	return stat{size: sys.Size, modified: modified, changed: changed, inode: sys.Ino, mode: fileMode(mode)}, nil
}

// fileMode is a system's mode as package fs has it.
func fileMode(sys uint32) fs.FileMode {
	mode := fs.FileMode(sys & 0o777)
	switch sys & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		mode |= fs.ModeDir
	case unix.S_IFLNK:
		mode |= fs.ModeSymlink
	default:
		mode |= fs.ModeIrregular
	}
	if sys&unix.S_ISUID != 0 {
		mode |= fs.ModeSetuid
	}
	if sys&unix.S_ISGID != 0 {
		mode |= fs.ModeSetgid
	}
	if sys&unix.S_ISVTX != 0 {
		mode |= fs.ModeSticky
	}
	return mode
}
