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
	return stat{size: sys.Size, modified: sys.Mtimespec.Nano(), changed: sys.Ctimespec.Nano(), inode: sys.Ino, mode: fileMode(uint32(sys.Mode))}, nil
}
