package realtime

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// stream is a connection whose replies are the answer to one HTTP request that does not end, and whose
// commands come in requests of their own, named by the session (emulation.go). Writing waits, so a
// stream with something to say is always written by catchUp.
type stream struct {
	codec codec
	// events says that objects are server-sent events.
	events bool
	// session is a secret of the client's and ours: whoever has it sends commands.
	session string
	// limit bounds the bytes of messages that wait for the reader.
	limit int

	// gone is closed when the client's request has ended, over when the connection has.
	gone <-chan struct{}
	over chan struct{}
	end  sync.Once

	// arrived has a token when there may be a message.
	arrived chan struct{}

	mu sync.Mutex
	// inbox are messages for the reader, and how many bytes they are.
	inbox  [][]byte
	queued int
	// rest waits to be written; closing says that it is the last.
	rest    []byte
	closing bool
	// control sets deadlines, and is nil when they are not to be moved any more.
	control *http.ResponseController

	// flush is held by whoever writes. answer is nil once the request has been answered.
	flush  sync.Mutex
	answer http.ResponseWriter
}

var _ transport = (*stream)(nil)

// messageOverhead is what a waiting message counts beside its bytes.
const messageOverhead = 64

// eventsBegin is what the first event comes after: it has clients see at once that there is an answer.
const eventsBegin = "\r\n"

func newStream(w http.ResponseWriter, r *http.Request, c codec, events bool, limit int) *stream {
	return &stream{
		codec:   c,
		events:  events,
		session: rand.Text(),
		limit:   limit,
		gone:    r.Context().Done(),
		over:    make(chan struct{}),
		arrived: make(chan struct{}, 1),
		control: http.NewResponseController(w),
		answer:  w,
	}
}

// begin writes what events come after. It does so alone: there are clients that lose an event which arrives in one
// piece with it. What goes wrong is found again by whoever writes next.
func (s *stream) begin() {
	if s.events {
		s.flush.Lock()
		defer s.flush.Unlock()
		_ = s.write([]byte(eventsBegin), closeTimeout)
	}
}

// post leaves a message for the reader, and reports whether there was room.
func (s *stream) post(message []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := len(message) + messageOverhead
	if s.queued+size > s.limit {
		return false
	}
	s.queued += size
	s.inbox = append(s.inbox, message)
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	return true
}

// next implements [transport].
func (s *stream) next() (message io.Reader, fits bool, err error) {
	for {
		if message := s.fetch(); message != nil {
			return bytes.NewReader(message), true, nil
		}
		select {
		case <-s.arrived:
		case <-s.over:
			return nil, false, net.ErrClosed
		case <-s.gone:
			return nil, false, io.EOF
		}
	}
}

// fetch returns the oldest message, or nil.
func (s *stream) fetch() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.inbox) == 0 {
		return nil
	}
	message := s.inbox[0]
	s.inbox[0] = nil
	s.inbox = s.inbox[1:]
	s.queued -= len(message) + messageOverhead
	return message
}

// readBy implements [transport]. Messages come whole, and a connection that ends has no answer to wait
// for.
func (s *stream) readBy(time.Time) {}

// shared implements [framing].
func (s *stream) shared() bool { return false }

// appendObjects implements [framing]: each object on a line, or as an event; in protobuf they know
// their length.
func (s *stream) appendObjects(buf []byte, objects [][]byte) []byte {
	for _, object := range objects {
		switch {
		case s.events:
			for line := range bytes.SplitSeq(object, []byte(s.codec.separator())) {
				buf = append(append(append(buf, "data: "...), line...), "\n\n"...)
			}
		default:
			buf = append(append(buf, object...), s.codec.separator()...)
		}
	}
	return buf
}

// appendEnd implements [framing].
func (s *stream) appendEnd(buf []byte, reason DisconnectError) []byte {
	push, err := s.codec.push("", newDisconnectPush(reason))
	if err != nil { // as it never is
		return buf
	}
	return s.appendObjects(buf, [][]byte{push})
}

// send implements [transport].
func (s *stream) send(p []byte, closing bool) (taken bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return true, net.ErrClosed
	}
	s.closing = closing
	s.rest = append(s.rest, p...)
	return len(s.rest) == 0, nil
}

// drain implements [transport].
func (s *stream) drain(patience time.Duration) error {
	s.flush.Lock()
	defer s.flush.Unlock()
	if s.answer == nil {
		return net.ErrClosed
	}
	for {
		p, last := s.take()
		if len(p) == 0 {
			return nil
		}
		for piece := range slices.Chunk(p, streamPieceBytes) {
			if err := s.write(piece, patience); err != nil {
				return err
			}
		}
		if last {
			s.finish()
			return nil
		}
	}
}

// streamPieceBytes is how much a client has to take in one go: what net/http did not get rid of in time ends the answer.
const streamPieceBytes = 8 << 10

func (s *stream) write(piece []byte, patience time.Duration) error {
	if !s.writeBy(time.Now().Add(patience)) {
		return net.ErrClosed
	}
	if _, err := s.answer.Write(piece); err != nil {
		return err
	}
	return http.NewResponseController(s.answer).Flush()
}

// take returns what waits to be written, and whether nothing comes after.
func (s *stream) take() (p []byte, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p = s.rest
	s.rest = nil
	return p, s.closing
}

// writeBy sets when writing gives up, and reports whether there is still something to write to.
func (s *stream) writeBy(deadline time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.control != nil && s.control.SetWriteDeadline(deadline) == nil
}

// finish has the reader leave.
func (s *stream) finish() { s.end.Do(func() { close(s.over) }) }

// abort implements [transport].
func (s *stream) abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.control != nil {
		_ = s.control.SetWriteDeadline(time.Unix(1, 0)) // what cannot be written to has no need of it
		s.control = nil
	}
	s.finish()
}

// close implements [transport].
func (s *stream) close() {
	select {
	case <-s.over:
		// All is written, or aborted. What net/http adds to the answer has its time, too.
		s.writeBy(time.Now().Add(closeTimeout))
	default:
		s.abort()
	}
	s.flush.Lock()
	s.answer = nil
	s.flush.Unlock()
	s.mu.Lock()
	s.control = nil
	s.mu.Unlock()
}
