package hash

import (
	"errors"
	"io/fs"
	"syscall"
	"time"
)

// A stat is what tells one state of a file from another.
type stat struct {
	size, modified, changed int64 // changed is the inode's change time; both in nanoseconds, 0 where there is none
	inode                   uint64
	mode                    fs.FileMode
}

// settled reports whether the next change cannot look the same. A time in the future, by a clock that was set back,
// is not settled.
func (s stat) settled(now time.Time) bool {
	return now.UnixNano()-max(s.modified, s.changed) > int64(racy)
}

// Missing reports whether an error says that there is nothing at a path: also where a folder of the path
// is a file.
func Missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
