// Package fossil makes deltas in the format of the Fossil version control system, which clients of the
// realtime protocol apply: https://fossil-scm.org/home/doc/tip/www/delta_format.wiki.
//
// It differs from Fossil's own encoder in that its time grows no faster than its input, whatever that is,
// and that a delta between texts of UTF-8 is one itself, so that it can travel within JSON.
package fossil

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// block is how many bytes must be the same in a row to be found. A copy is written in fewer.
const block = 16

// tries bounds how many places are looked at for what is to be copied.
const tries = 8

// Delta returns what makes after of before.
func Delta(before, after []byte) []byte {
	e := encoder{before: before, after: after}
	e.out = append(appendNumber(make([]byte, 0, 64), len(after)), '\n')

	head := samePrefix(before, after)
	tail := sameSuffix(before[head:], after[head:])
	e.copyFrom(0, 0, head)
	if len(after)-head-tail >= block && len(before) >= block {
		e.search(len(after) - tail)
	}
	e.copyFrom(len(before)-tail, len(after)-tail, len(after))
	e.insert(len(after))
	return append(appendNumber(e.out, int(checksum(after))), ';')
}

// encoder writes segments. What of after is before done is in out.
type encoder struct {
	before, after, out []byte
	done               int
}

// search copies what it finds of after up to end.
func (e *encoder) search(end int) {
	x := newIndex(e.before)
	for at := e.done; at+block <= end; {
		source, from, to := e.longest(x, at, end)
		if to == 0 || !e.copyFrom(source, from, to) {
			at++
			continue
		}
		at = max(at+1, e.done)
	}
}

// longest finds the longest run in before that holds what stands at a place of after: after from from to
// to is before from source on. to is 0 for none.
func (e *encoder) longest(x *index, at, end int) (source, from, to int) {
	i := x.first(e.after[at:])
	for range tries {
		if i < 0 {
			break
		}
		start := i * block
		ahead := samePrefix(e.before[start:], e.after[at:end])
		back := sameSuffix(e.before[:start], e.after[e.done:at])
		if ahead >= block && ahead+back > to-from {
			source, from, to = start-back, at-back, at+ahead
		}
		i = int(x.next[i])
	}
	return source, from, to
}

// copyFrom copies what after has from from to to, which before has at source, unless that is too short to
// pay. Neither end is within a character.
func (e *encoder) copyFrom(source, from, to int) bool {
	start := from
	for start < min(to, from+maxContinuing) && continues(e.after[start]) {
		start++
	}
	for n := 0; n < maxContinuing && to > start && to < len(e.after) && continues(e.after[to]); n++ {
		to--
	}
	if to-start < block {
		return false
	}
	e.insert(start)
	e.out = append(appendNumber(e.out, to-start), '@')
	e.out = append(appendNumber(e.out, source+start-from), ',')
	e.done = to
	return true
}

// insert writes what after has up to end as it is.
func (e *encoder) insert(end int) {
	if end > e.done {
		e.out = append(appendNumber(e.out, end-e.done), ':')
		e.out = append(e.out, e.after[e.done:end]...)
		e.done = end
	}
}

// maxContinuing is how many such bytes a character has. Where there are more, it is no text.
const maxContinuing = 3

// continues reports whether a byte of UTF-8 is not a character's first.
func continues(b byte) bool { return b&0xC0 == 0x80 }

// index finds blocks by what they hold.
type index struct {
	shift uint
	// heads are a block for each hash, next another of the same hash; -1 is none.
	heads, next []int32
}

// seed keeps anybody from making blocks of one hash.
var seed = maphash.MakeSeed()

func newIndex(text []byte) *index {
	blocks := len(text) / block
	width := bits.Len(uint(blocks))
	x := &index{shift: uint(64 - width), heads: make([]int32, 1<<width), next: make([]int32, blocks)}
	for i := range x.heads {
		x.heads[i] = -1
	}
	// The first of equal blocks is found first.
	for i := blocks - 1; i >= 0; i-- {
		h := x.hash(text[i*block:])
		x.next[i], x.heads[h] = x.heads[h], int32(i)
	}
	return x
}

func (x *index) hash(text []byte) uint64 { return maphash.Bytes(seed, text[:block]) >> x.shift }

// first is the number of a block that may be how text begins, or -1.
func (x *index) first(text []byte) int { return int(x.heads[x.hash(text)]) }

func samePrefix(a, b []byte) int {
	n := 0
	for n+8 <= min(len(a), len(b)) && binary.NativeEndian.Uint64(a[n:]) == binary.NativeEndian.Uint64(b[n:]) {
		n += 8
	}
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func sameSuffix(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// digits are the format's, of base 64.
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"

func appendNumber(buf []byte, n int) []byte {
	var reversed [11]byte
	i := len(reversed)
	for {
		i--
		reversed[i] = digits[n&63]
		if n >>= 6; n == 0 {
			return append(buf, reversed[i:]...)
		}
	}
}

// checksum is the sum of a text's words of 32 bits, the last filled up with zeroes.
func checksum(text []byte) uint32 {
	var sum uint32
	for ; len(text) >= 4; text = text[4:] {
		sum += binary.BigEndian.Uint32(text)
	}
	var last [4]byte
	copy(last[:], text)
	return sum + binary.BigEndian.Uint32(last[:])
}
