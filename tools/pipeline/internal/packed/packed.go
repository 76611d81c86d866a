// Package packed writes and reads values one behind the other, without their names: what the files under .magpie are
// made of. Whoever reads has to know what was written.
package packed

import (
	"encoding/binary"
	"hash/crc32"
	"unsafe"
)

// AppendString appends a string with its length before it.
func AppendString(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

// AppendStrings appends a list with the number of its strings before it.
func AppendStrings(out []byte, list []string) []byte {
	out = binary.AppendUvarint(out, uint64(len(list)))
	for _, s := range list {
		out = AppendString(out, s)
	}
	return out
}

// Seal appends the CRC-32 of all before. It is of the IEEE's polynomial: no tables of it are made at a program's start.
func Seal(out []byte) []byte { return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out)) }

// Unseal returns a reader of what lies between a heading and the seal. It reports false where either is not there. The data becomes the
// reader's: it must not change any more.
func Unseal(heading string, data []byte) (*Reader, bool) {
	end := len(data) - crc32.Size
	if end < len(heading) || string(data[:len(heading)]) != heading || binary.LittleEndian.Uint32(data[end:]) != crc32.ChecksumIEEE(data[:end]) {
		return nil, false
	}
	body := data[len(heading):end]
	return &Reader{Data: unsafe.String(unsafe.SliceData(body), len(body))}, true //nolint:gosec // nobody writes to it, and it may be large
}

// A Reader takes values off the front of Data. Once one is not there, all that follow are zero and Broken is true. What it
// returns shares the memory of Data.
type Reader struct {
	Data   string
	Broken bool
}

// More reports whether there is more to read.
func (r *Reader) More() bool { return len(r.Data) > 0 && !r.Broken }

// Take returns the next n bytes.
func (r *Reader) Take(n uint64) string {
	if r.Broken || n > uint64(len(r.Data)) {
		r.Broken = true
		return ""
	}
	taken := r.Data[:n]
	r.Data = r.Data[n:]
	return taken
}

// String returns what AppendString appended.
func (r *Reader) String() string { return r.Take(r.Uint()) }

// Strings returns what AppendStrings appended, nil for an empty list.
func (r *Reader) Strings() []string {
	n := r.Uint()
	if n == 0 || n > uint64(len(r.Data)) { // each takes a byte at least
		r.Broken = r.Broken || n > 0
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.String()
	}
	return list
}

// Fixed returns eight bytes, little-endian.
func (r *Reader) Fixed() int64 {
	t := r.Take(8)
	if len(t) < 8 {
		return 0
	}
	// Written out, it is one load.
	return int64(t[0]) | int64(t[1])<<8 | int64(t[2])<<16 | int64(t[3])<<24 | int64(t[4])<<32 | int64(t[5])<<40 | int64(t[6])<<48 | int64(t[7])<<56
}

// Uint returns what [binary.AppendUvarint] appended.
func (r *Reader) Uint() (v uint64) {
	for i := 0; i < binary.MaxVarintLen64 && i < len(r.Data) && !r.Broken; i++ {
		b := r.Data[i]
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.Data = r.Data[i+1:]
			return v
		}
	}
	r.Data, r.Broken = "", true
	return 0
}

// Int returns what [binary.AppendVarint] appended.
func (r *Reader) Int() int64 {
	u := r.Uint()
	return int64(u>>1) ^ -int64(u&1)
}
