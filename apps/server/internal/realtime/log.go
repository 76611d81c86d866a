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

// logEnd is what is known of the position at a log's end.
type logEnd struct {
	// position is that of the last publication delivered, in no epoch before the first.
	position pubsub.Position
	// settled says that nothing is missing up to there, so that who begins here needs no history. It
	// takes a history read that began after the broker's subscription: before that, publications may
	// have passed by.
	settled bool
}

// follow moves the end along with an entry.
func (end *logEnd) follow(e *entry) {
	p := e.position
	switch {
	case e.kind == entryBreak:
		*end = logEnd{}
	case p.Epoch == "": // no history
	case end.settled && p.Epoch == end.position.Epoch && p.Offset <= end.position.Offset: // an old one
	case end.settled && (p.Epoch != end.position.Epoch || p.Offset > end.position.Offset+1):
		*end = logEnd{position: p}
	default:
		end.position = p
	}
}

// learn settles the end by the newest position of a history read. What was delivered since the read
// follows it without a hole.
func (end *logEnd) learn(newest pubsub.Position) {
	switch {
	case end.settled:
	case end.position.Epoch == "", newest.Epoch == end.position.Epoch:
		end.position.Epoch = newest.Epoch
		end.position.Offset = max(end.position.Offset, newest.Offset)
		end.settled = true
	}
}

// newEntry frames a push.
func newEntry(kind entryKind, position pubsub.Position, body []byte) *entry {
	frame := make([]byte, 0, maxHeaderBytes+len(body))
	frame = append(appendHeader(frame, opText, len(body)), body...)
	return &entry{kind: kind, position: position, frame: frame, body: frame[len(frame)-len(body):]}
}
