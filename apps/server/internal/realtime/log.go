package realtime

import (
	"sync/atomic"

	"magpie.build/packages/pubsub"
)

// entry is one push, ready to be written to any number of connections. A channel's log is a chain of
// them, each subscription a pointer to the last one that it has dealt with: a broadcast appends once,
// whoever is slow holds on to what it still has to see, and what all have seen is garbage.
type entry struct {
	kind entryKind
	// frame is the push as a WebSocket message, body the JSON within it.
	frame, body []byte
	// position is a publication's, zero without history.
	position pubsub.Position
	// total counts the log's bytes up to and including this entry.
	total uint64
	next  atomic.Pointer[entry]
}

// entryKind says to whom an entry goes.
type entryKind uint8

const (
	// entryPublication goes to everybody.
	entryPublication entryKind = iota
	// entryPresence goes to those who asked for comings and goings.
	entryPresence
	// entryBreak ends the subscriptions that were promised no hole.
	entryBreak
)

// newEntry frames a push.
func newEntry(kind entryKind, position pubsub.Position, body []byte) *entry {
	frame := make([]byte, 0, maxHeaderBytes+len(body))
	frame = append(appendHeader(frame, opText, len(body)), body...)
	return &entry{kind: kind, position: position, frame: frame, body: frame[len(frame)-len(body):]}
}
