package pagefile

import (
	"bytes"
	"fmt"
	"io"
)

// Kinds of pages, and what an element of one begins with.
const (
	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	elementSize      = 16
	bucketFlag       = 0x01
	bucketHeaderSize = 16

	// maxDepth is deeper than any tree: a branch page has two children at least.
	maxDepth = 48
	// manyFree stands for a count that does not fit and is the list's first entry instead.
	manyFree = 0xFFFF
)

type survey struct {
	file  io.ReaderAt
	meta  meta
	visit Visit
	used  []bool // pages that were reached, or are free
}

// page is a page's bytes with those of its overflow, behind the header that says what they are.
type page struct {
	id    uint64
	flags uint16
	count int
	bytes []byte
}

// read returns a page that nothing else may lead to.
func (s *survey) read(id uint64) (page, error) {
	if id < 2 || id >= s.meta.pages {
		return page{}, damaged("something points to page %d of %d", id, s.meta.pages)
	}
	var header [headerSize]byte
	at := int64(id) * int64(s.meta.pageSize)
	if _, err := s.file.ReadAt(header[:], at); err != nil {
		return page{}, fmt.Errorf("read page %d: %w", id, err)
	}
	overflow := uint64(native.Uint32(header[12:]))
	if own := native.Uint64(header[:]); own != id || overflow >= s.meta.pages-id {
		return page{}, damaged("page %d says that it is page %d and %d more of %d", id, own, overflow, s.meta.pages)
	}
	for i := id; i <= id+overflow; i++ {
		if s.used[i] {
			return page{}, damaged("page %d is used twice", i)
		}
		s.used[i] = true
	}
	b := make([]byte, (1+overflow)*uint64(s.meta.pageSize))
	if _, err := s.file.ReadAt(b, at); err != nil {
		return page{}, fmt.Errorf("read page %d: %w", id, err)
	}
	return page{id: id, flags: native.Uint16(b[8:]), count: int(native.Uint16(b[10:])), bytes: b}, nil
}

// freelist marks the pages that are free, and counts them.
func (s *survey) freelist() (int, error) {
	p, err := s.read(s.meta.freelist)
	if err != nil {
		return 0, err
	}
	ids, count := p.bytes[headerSize:], p.count
	if count == manyFree {
		count, ids = int(min(native.Uint64(ids), s.meta.pages)), ids[8:]
	}
	if p.flags != freelistPage || count > len(ids)/8 {
		return 0, damaged("page %d is no list of %d free pages", p.id, count)
	}
	for i := range count {
		id := native.Uint64(ids[8*i:])
		if id < 2 || id >= s.meta.pages || s.used[id] {
			return 0, damaged("page %d is said to be free", id)
		}
		s.used[id] = true
	}
	return count, nil
}

// root goes through the bucket of buckets.
func (s *survey) root() error {
	return s.tree(s.meta.root, keyRange{}, 0, func(flags uint32, name, value []byte) error {
		if flags != bucketFlag || len(value) < bucketHeaderSize {
			return damaged("%q is no bucket", name)
		}
		return s.bucket(string(name), native.Uint64(value), value[bucketHeaderSize:])
	})
}

// bucket goes through one bucket, which lies in its parent when it is small.
func (s *survey) bucket(name string, root uint64, inline []byte) error {
	each := func(flags uint32, key, value []byte) error {
		if flags != 0 {
			return damaged("%q of bucket %q is of kind %d", key, name, flags)
		}
		return s.visit(name, key, value)
	}
	if root != 0 {
		if len(inline) != 0 {
			return damaged("bucket %q lies in two places", name)
		}
		return s.tree(root, keyRange{}, 0, each)
	}
	if len(inline) < headerSize || native.Uint64(inline) != 0 || native.Uint32(inline[12:]) != 0 {
		return damaged("bucket %q has no page", name)
	}
	p := page{flags: native.Uint16(inline[8:]), count: int(native.Uint16(inline[10:])), bytes: inline}
	if p.flags != leafPage {
		return damaged("bucket %q is of kind %d", name, p.flags)
	}
	end, err := s.leaf(p, keyRange{}, each)
	if err == nil && end != len(inline) {
		return damaged("bucket %q has %d bytes too many", name, len(inline)-end)
	}
	return err
}

// keyRange is where a page's keys lie: from low on and below high, nil being any.
type keyRange struct{ low, high []byte }

func (r keyRange) has(key []byte) bool {
	return bytes.Compare(key, r.low) >= 0 && (r.high == nil || bytes.Compare(key, r.high) < 0)
}

type visitElement func(flags uint32, key, value []byte) error

// tree goes through the pages below one, whose keys lie within r.
func (s *survey) tree(id uint64, r keyRange, depth int, visit visitElement) error {
	if depth > maxDepth {
		return damaged("page %d lies %d deep", id, depth)
	}
	p, err := s.read(id)
	if err != nil {
		return err
	}
	switch p.flags {
	case leafPage:
		_, err := s.leaf(p, r, visit)
		return err
	case branchPage:
		return s.branch(p, r, depth, visit)
	default:
		return damaged("page %d is of kind %d", id, p.flags)
	}
}

func (s *survey) branch(p page, r keyRange, depth int, visit visitElement) error {
	children, _, err := p.elements(func(b []byte) element {
		return element{pos: native.Uint32(b), key: native.Uint32(b[4:]), child: native.Uint64(b[8:])}
	})
	if err != nil {
		return err
	}
	if len(children) == 0 {
		return damaged("page %d leads nowhere", p.id)
	}
	for i, c := range children {
		within := keyRange{low: p.key(c), high: r.high}
		if !r.has(within.low) {
			return damaged("page %d is out of order", p.id)
		}
		if i+1 < len(children) {
			within.high = p.key(children[i+1])
		}
		if bytes.Equal(within.low, within.high) {
			return damaged("page %d has a key twice", p.id)
		}
		if err := s.tree(c.child, within, depth+1, visit); err != nil {
			return err
		}
		r.low = within.low
	}
	return nil
}

// leaf goes through a page's elements, and returns where they end.
func (s *survey) leaf(p page, r keyRange, visit visitElement) (end int, err error) {
	elements, end, err := p.elements(func(b []byte) element {
		return element{flags: native.Uint32(b), pos: native.Uint32(b[4:]), key: native.Uint32(b[8:]), value: native.Uint32(b[12:])}
	})
	if err != nil {
		return 0, err
	}
	var last []byte
	for _, e := range elements {
		key := p.key(e)
		if !r.has(key) || bytes.Compare(key, last) <= 0 {
			return 0, damaged("page %d is out of order", p.id)
		}
		if err := visit(e.flags, key, p.bytes[e.at+int(e.key):e.at+int(e.key)+int(e.value)]); err != nil {
			return 0, err
		}
		last = key
	}
	return end, nil
}

// element is one of a page's: at is where its key begins, with its value or its child behind.
type element struct {
	flags, pos, key, value uint32
	child                  uint64
	at                     int
}

func (p page) key(e element) []byte { return p.bytes[e.at : e.at+int(e.key)] }

// elements returns a page's elements, if they fill it from its header on without a gap, and where they
// end. A page that says it has none must look so.
func (p page) elements(decode func([]byte) element) (all []element, end int, err error) {
	end = headerSize + elementSize*p.count
	if end > len(p.bytes) {
		return nil, 0, damaged("page %d has no room for %d elements", p.id, p.count)
	}
	if rest := p.bytes[headerSize:]; p.count == 0 && len(rest) >= elementSize && decode(rest).pos != 0 {
		return nil, 0, damaged("page %d has elements that it does not count", p.id)
	}
	for i := range p.count {
		from := headerSize + elementSize*i
		e := decode(p.bytes[from:])
		e.at = end
		size := uint64(e.key) + uint64(e.value)
		if int64(from)+int64(e.pos) != int64(end) || e.key == 0 || size > uint64(len(p.bytes)-end) {
			return nil, 0, damaged("element %d of page %d lies at %d, not at %d, with %d bytes", i, p.id, from+int(e.pos), end, size)
		}
		end += int(size)
		all = append(all, e)
	}
	return all, end, nil
}
