// Package hash turns what a task depends on into its key: a [Hasher] for values, an [Index] for files.
package hash

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync"
)

// A Content is the SHA-256 of a file's bytes.
type Content [sha256.Size]byte

// A Key is the SHA-256 of all that decides what a task does.
type Key [sha256.Size]byte

// String returns the key as 64 hex digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Short returns as much of the key as people need to tell it from others.
func (k Key) Short() string { return hex.EncodeToString(k[:6]) }

// A Hasher builds a key out of labelled values. Each value is hashed with its length, so that no two
// different sequences run together.
type Hasher struct {
	// Trace, unless nil, is told all that is added. It must not keep values.
	Trace func(label string, values []string)

	sum     hash.Hash // of what has left pending
	pending *[]byte   // nil once the key has been asked for
}

// pendings are used by one hasher after another: a run has one for each package.
var pendings = sync.Pool{New: func() any {
	room := make([]byte, 0, 2*full)
	return &room
}}

// full is how many bytes are worth a call of the hash.
const full = 2 << 10

// New returns a hasher for the kind of key that label names.
func New(label string) *Hasher {
	pending, _ := pendings.Get().(*[]byte)
	h := &Hasher{pending: pending}
	h.Add(label)
	return h
}

// Add adds a label and its values.
func (h *Hasher) Add(label string, values ...string) {
	if h.Trace != nil {
		h.Trace(label, values)
	}
	h.write(label)
	h.length(len(values))
	for _, v := range values {
		h.write(v)
	}
	if len(*h.pending) >= full {
		h.flush()
	}
}

// AddContent adds a file: its name, its kind and the sum of its content. It is Add without what a call of that leaves to collect, as
// a run calls it for each file.
func (h *Hasher) AddContent(label, name, kind string, sum *Content) {
	if h.Trace != nil {
		h.Trace(label, []string{name, kind, string(sum[:])})
	}
	h.write(label)
	h.length(3)
	h.write(name)
	h.write(kind)
	h.length(len(sum))
	*h.pending = append(*h.pending, sum[:]...)
	if len(*h.pending) >= full {
		h.flush()
	}
}

func (h *Hasher) write(s string) {
	h.length(len(s))
	*h.pending = append(*h.pending, s...)
}

func (h *Hasher) length(n int) {
	*h.pending = binary.LittleEndian.AppendUint64(*h.pending, uint64(n))
}

func (h *Hasher) flush() {
	if h.sum == nil {
		h.sum = sha256.New()
	}
	h.sum.Write(*h.pending)
	*h.pending = (*h.pending)[:0]
}

// Key returns the key of all that was added. It is the hasher's end: nothing may be added from then on.
func (h *Hasher) Key() (k Key) {
	if h.sum == nil {
		k = sha256.Sum256(*h.pending)
	} else {
		h.flush()
		h.sum.Sum(k[:0])
	}
	*h.pending = (*h.pending)[:0]
	pendings.Put(h.pending)
	h.pending = nil
	return k
}
