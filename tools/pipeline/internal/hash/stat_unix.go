//go:build linux || darwin

package hash

import (
	"io/fs"
	"syscall"
)

// listingShows says that a folder's stat changes with what lies in it.
const listingShows = true

// lstat looks at a file without following links. It is [os.Lstat] without its garbage: a run calls it for each file.
func lstat(path string) (stat, error) {
	var sys syscall.Stat_t
	for {
		err := syscall.Lstat(path, &sys)
		if err == nil {
			break
		}
		if err != syscall.EINTR {
			return stat{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
		}
	}
	modified, changed, mode := details(&sys)
	return stat{size: sys.Size, modified: modified, changed: changed, inode: sys.Ino, mode: fileMode(mode)}, nil
}

// fileMode is a system's mode as package fs has it.
func fileMode(sys uint32) fs.FileMode {
	mode := fs.FileMode(sys & 0o777)
	switch sys & syscall.S_IFMT {
	case syscall.S_IFREG:
	case syscall.S_IFDIR:
		mode |= fs.ModeDir
	case syscall.S_IFLNK:
		mode |= fs.ModeSymlink
	default:
		mode |= fs.ModeIrregular
	}
	if sys&syscall.S_ISUID != 0 {
		mode |= fs.ModeSetuid
	}
	if sys&syscall.S_ISGID != 0 {
		mode |= fs.ModeSetgid
	}
	if sys&syscall.S_ISVTX != 0 {
		mode |= fs.ModeSticky
	}
	return mode
}
