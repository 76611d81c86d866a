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
	// framed is the push in those variants that had subscribers.
	framed [variants]framed
	// position is a publication's, zero without history.
	position pubsub.Position
	// total counts the log's bytes up to and including this entry, presences its comings and goings.
	total, presences uint64
	// number counts the log's publications, of which this is one, from 1.
	number uint64
	// member is who came or went, empty for how many there are.
	member string
	// tags are a publication's, read where a subscriber has a filter.
	tags map[string]string
	next atomic.Pointer[entry]
}

// entryKind says to whom an entry goes.
type entryKind uint8

const (
	// entryPublication goes to everybody.
	entryPublication entryKind = iota
	// entryPresence goes to those who asked for comings and goings: one of them, or how many there are.
	entryPresence
	// entryBreak ends the subscriptions that were promised no hole.
	entryBreak
)

// ephemeral says that the entry means little once there is a later one: who comes and goes, and what is kept in no
// history in a channel that has one, such as that somebody is typing.
func (e *entry) ephemeral(tracked bool) bool {
	return e.kind == entryPresence || e.kind == entryPublication && tracked && e.position.Epoch == ""
}

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

// framed is a push as a WebSocket message, and how much of that is its header. The zero framed is one
// that does not exist in that variant.
type framed struct {
	frame  []byte
	header int
}

// body is the object within the message.
func (f framed) body() []byte { return f.frame[f.header:] }

// frame makes a message of an object.
func frame(op byte, body []byte) framed {
	buf := appendHeader(make([]byte, 0, maxHeaderBytes+len(body)), op, len(body))
	return framed{append(buf, body...), len(buf)}
}
