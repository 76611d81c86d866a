package pagefile

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
)

// What bbolt's meta pages hold, as bbolt lays it out in memory: in the machine's own byte order.
const (
	magic       = 0xED0CDAED
	version     = 2
	headerSize  = 16
	metaSize    = 64
	minPageSize = 1 << 10
	maxPageSize = 16 << 20
	// noFreelist stands for a list that is not kept in the file; this package's callers keep it.
	noFreelist = ^uint64(0)
)

var native = binary.NativeEndian

// meta names a state of the file: where its root and its list of free pages lie, and how many pages
// it has.
type meta struct {
	pageSize              uint32
	root, freelist, pages uint64
	transaction           uint64
}

// newestMeta returns the meta that bbolt would choose. one says that the other cannot be read.
func newestMeta(file io.ReaderAt, size int64) (newest meta, one bool, err error) {
	first, ok := readMeta(file, size, 0)
	if !ok {
		second, err := searchMeta(file, size)
		if err != nil {
			return meta{}, false, err
		}
		return second, true, second.fits(size)
	}
	if err := first.fits(size); err != nil {
		return meta{}, false, err
	}
	second, ok := readMeta(file, size, int64(first.pageSize))
	switch {
	case !ok:
		return first, true, nil
	case second.pageSize != first.pageSize:
		return meta{}, false, damaged("its pages have %d or %d bytes", first.pageSize, second.pageSize)
	case second.transaction > first.transaction:
		return second, false, second.fits(size)
	default:
		return first, false, nil
	}
}

// searchMeta finds the second meta where the first does not say how long a page is.
func searchMeta(file io.ReaderAt, size int64) (meta, error) {
	for at := int64(minPageSize); at <= maxPageSize; at *= 2 {
		if m, ok := readMeta(file, size, at); ok && int64(m.pageSize) == at {
			return m, nil
		}
	}
	return meta{}, damaged("neither of the pages that say where it begins can be read")
}

// fits checks that the file has all that m speaks of.
func (m meta) fits(size int64) error {
	switch {
	case m.pageSize < minPageSize || m.pageSize > maxPageSize:
		return damaged("its pages have %d bytes", m.pageSize)
	case m.pages < 3 || m.pages > uint64(size)/uint64(m.pageSize):
		return damaged("it has %d bytes, which is not enough for its %d pages of %d", size, m.pages, m.pageSize)
	case m.root < 2 || m.root >= m.pages:
		return damaged("its root is page %d of %d", m.root, m.pages)
	case m.freelist == noFreelist || m.freelist < 2 || m.freelist >= m.pages:
		return damaged("its list of free pages is page %d of %d", m.freelist, m.pages)
	default:
		return nil
	}
}

// readMeta reads the meta page at an offset. It is not ok unless its checksum is right.
func readMeta(file io.ReaderAt, size, at int64) (m meta, ok bool) {
	var b [headerSize + metaSize]byte
	if at+int64(len(b)) > size {
		return m, false
	}
	if _, err := file.ReadAt(b[:], at); err != nil && !errors.Is(err, io.EOF) {
		return m, false
	}
	body := b[headerSize:]
	sum := fnv.New64a()
	_, _ = sum.Write(body[:metaSize-8]) // a hash takes anything
	if native.Uint32(body) != magic || native.Uint32(body[4:]) != version || native.Uint64(body[56:]) != sum.Sum64() {
		return m, false
	}
	m = meta{
		pageSize:    native.Uint32(body[8:]),
		root:        native.Uint64(body[16:]),
		freelist:    native.Uint64(body[32:]),
		pages:       native.Uint64(body[40:]),
		transaction: native.Uint64(body[48:]),
	}
	return m, true
}
