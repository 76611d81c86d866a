//go:build linux || darwin

package hash

import (
	"io/fs"
	"syscall"
)

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
