package hash

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"syscall"
)

// The index file: a heading with the version; then, by name, each entry as length and bytes of the name, the
// fields of its stat as variable-length integers, the content hash; last, the SHA-256 of all before.
const heading = "magpie index 1\n"

// errBroken says that a file is not an index, or not a whole one.
var errBroken = errors.New("broken file index")

func encode(entries map[string]entry) []byte {
	out := []byte(heading)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		e := entries[name]
		out = binary.AppendUvarint(out, uint64(len(name)))
		out = append(out, name...)
		out = binary.AppendVarint(out, e.stat.size)
		out = binary.AppendVarint(out, e.stat.modified)
		out = binary.AppendVarint(out, e.stat.changed)
		out = binary.AppendUvarint(out, e.stat.inode)
		out = binary.AppendUvarint(out, uint64(e.stat.mode))
		out = append(out, e.content[:]...)
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

func decode(data []byte) (map[string]entry, error) {
	if len(data) < len(heading)+sha256.Size || string(data[:len(heading)]) != heading {
		return nil, errBroken
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return nil, errBroken
	}
	entries := make(map[string]entry)
	r := reader{data: body[len(heading):]}
	for len(r.data) > 0 && !r.broken {
		name := string(r.take(r.uint()))
		e := entry{stat: stat{size: r.int(), modified: r.int(), changed: r.int(), inode: r.uint(), mode: uint32(r.uint())}}
		copy(e.content[:], r.take(sha256.Size))
		entries[name] = e
	}
	if r.broken {
		return nil, errBroken
	}
	return entries, nil
}

// A reader takes values off the front of data, zero values once it is broken.
type reader struct {
	data   []byte
	broken bool
}

func (r *reader) take(n uint64) []byte {
	if r.broken || n > uint64(len(r.data)) {
		r.broken = true
		return nil
	}
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.data)
	return advance(r, v, n)
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.data)
	return advance(r, v, n)
}

func advance[T int64 | uint64](r *reader, v T, n int) T {
	if r.broken || n <= 0 {
		r.broken = true
		return 0
	}
	r.data = r.data[n:]
	return v
}

// missing reports whether an error says that there is nothing at a path: also where a folder of the path
// is a file.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
