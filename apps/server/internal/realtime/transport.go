package realtime

import (
	"io"
	"time"
)

// transport carries a connection: a [socket] is a WebSocket, a [stream] the answer to an HTTP request.
// next and readBy are for the reader, drain for one goroutine at a time, everything else for any.
type transport interface {
	framing

	// next waits for the next message. fits says that it is of the form of the protocol that the
	// connection speaks.
	next() (message io.Reader, fits bool, err error)
	// readBy has reading give up at a time, the zero time never.
	readBy(deadline time.Time)

	// send writes what [framing] made, without waiting, and reports whether all of it was taken. If not,
	// the transport keeps the rest (p is free again) until drain. closing says that nothing comes after.
	send(p []byte, closing bool) (taken bool, err error)
	// drain writes what send left, waiting for the client while it takes something at least so often.
	drain(patience time.Duration) error

	// abort ends whatever reads or writes, without waiting.
	abort()
	// close does that too, and returns when nothing is written any more. The reader calls it, last.
	close()
}

// framing is how objects become bytes on their way.
type framing interface {
	// shared says that the ready frames of a channel's log are of this framing.
	shared() bool
	// appendObjects appends objects, each of which may be several with the codec's separator between.
	appendObjects(buf []byte, objects [][]byte) []byte
	// appendEnd appends the word that the connection ends, and why.
	appendEnd(buf []byte, reason DisconnectError) []byte
}
