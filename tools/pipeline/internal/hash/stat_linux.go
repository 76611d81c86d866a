package hash

import (
	"io/fs"
	"syscall"
)

func statOf(info fs.FileInfo) stat {
	s := stat{size: info.Size(), modified: info.ModTime().UnixNano(), mode: uint32(info.Mode())}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.changed = sys.Ctim.Nano()
		s.inode = sys.Ino
	}
	return s
}
