// Package pagefile reads a file of go.etcd.io/bbolt before bbolt does, and trusts nothing in it.
//
// bbolt maps its file into memory and follows it: a page that points to itself overflows the stack, a
// number that is too large is a fault, and pages have no checksums. [Survey] goes through all that the
// file's newest state reaches, within bounds, and accepts only what bbolt writes: each page where it says
// it is, reached once or free, its elements one behind the other and in order. So a flipped bit is either
// found here or lies in a key or a value, where the caller's own checksums find it, or where nothing is read.
package pagefile

import (
	"errors"
	"fmt"
	"io"
)

// ErrDamaged is wrapped when the file is not one that bbolt wrote and closed, or committed to.
var ErrDamaged = errors.New("file is damaged")

// Summary says what a file consists of.
type Summary struct {
	// PageSize is a page's bytes; Pages counts them all, Free those that hold nothing.
	PageSize, Pages, Free int
	// OneMeta says that one of the two pages that name the newest state cannot be read. The state of
	// the other is whole, but may be the one before.
	OneMeta bool
}

// Visit is called for each key of each bucket, in order. What it gets is valid until it returns.
type Visit func(bucket string, key, value []byte) error

// Survey reads the whole file of size bytes. Its error wraps [ErrDamaged], or is that of reading or of
// visit.
func Survey(file io.ReaderAt, size int64, visit Visit) (Summary, error) {
	m, one, err := newestMeta(file, size)
	if err != nil {
		return Summary{}, err
	}
	s := &survey{file: file, meta: m, visit: visit, used: make([]bool, m.pages)}
	s.used[0], s.used[1] = true, true
	summary := Summary{PageSize: int(m.pageSize), Pages: int(m.pages), OneMeta: one}
	if summary.Free, err = s.freelist(); err != nil {
		return summary, err
	}
	if err := s.root(); err != nil {
		return summary, err
	}
	for id, used := range s.used {
		if !used {
			return summary, damaged("page %d is neither used nor free", id)
		}
	}
	return summary, nil
}

func damaged(format string, values ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, values...))
}
