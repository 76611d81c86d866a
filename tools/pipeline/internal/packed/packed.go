// Package packed writes and reads values one behind the other, without their names: what the files under .magpie are
// made of. Whoever reads has to know what was written.
package packed

import "encoding/binary"

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
func (r *Reader) Fixed() (v int64) {
	text := r.Take(8)
	for i := range len(text) {
		v |= int64(text[i]) << (8 * i)
	}
	return v
}

// Uint returns what [binary.AppendUvarint] appended.
func (r *Reader) Uint() (v uint64) {
	for shift := 0; shift < 64 && len(r.Data) > 0 && !r.Broken; shift += 7 {
		b := r.Data[0]
		r.Data = r.Data[1:]
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.Broken = true
	return 0
}

// Int returns what [binary.AppendVarint] appended.
func (r *Reader) Int() int64 {
	u := r.Uint()
	return int64(u>>1) ^ -int64(u&1)
}
