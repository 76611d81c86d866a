package realtime

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// At rest a connection keeps these two buffers. What comes in waits in a shared buffer (resting.go); where
// that cannot be done, the reader's is the larger one. coder/websocket writes control frames alone, each in
// one piece: at most 2 bytes of header and 125 of payload.
const (
	readBufferBytes      = 16
	readBufferAloneBytes = 512
	writeBufferBytes     = 128
)

// controlTimeout bounds the writing of a control frame by the reader.
const controlTimeout = 5 * time.Second

// opClose is the opcode of a close frame (RFC 6455 section 11.8), in a final frame's first byte.
const opClose = 0x88

// socket is a WebSocket, and the network connection under it. coder/websocket does the handshake, reads
// and answers control frames; data frames are ready-made and come here directly, as a server's frames
// are the same bytes for everybody. Either way a frame enters whole, under mu, so two never mix, and
// nothing follows a close frame (RFC 6455 section 5.5.1).
type socket struct {
	net.Conn

	ws    *websocket.Conn
	codec codec
	// opening is a first message that came with the handshake, nil for none. Only the reader touches it.
	opening []byte

	// unread has come in already: at first what net/http had read beyond the handshake, then what lies in
	// borrowed. Only the reader touches them, and buffered, which is coder/websocket's.
	unread   []byte
	borrowed *readBuffer
	buffered *bufio.Reader
	// readable waits for the client to say something, where that takes no read of its own.
	readable readable

	mu      sync.Mutex
	instant instantWriter
	// rest waits for the socket to take it.
	rest []byte
	// flushing says that somebody is writing: others leave their bytes in rest.
	flushing bool
	closing  bool

	// flush is held by whoever writes rest, perhaps for long.
	flush sync.Mutex
}

// hijacker hands coder/websocket the socket and small buffers instead of net/http's 4 KiB ones.
type hijacker struct {
	http.ResponseWriter

	socket *socket
}

// Hijack implements [http.Hijacker].
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	head, err := buffered.Peek(buffered.Reader.Buffered())
	if err != nil {
		return nil, nil, err
	}
	s := h.socket
	s.Conn = conn
	s.unread = append([]byte(nil), head...)
	s.instant.bind(conn)
	s.readable.bind(s)
	size := readBufferAloneBytes
	if s.readable.waits() {
		size = readBufferBytes
	}
	s.buffered = bufio.NewReaderSize(s, size)
	return s, bufio.NewReadWriter(s.buffered, bufio.NewWriterSize(s, writeBufferBytes)), nil
}

var _ transport = (*socket)(nil)

// shared implements [framing]: a log's frames are WebSocket messages.
func (s *socket) shared() bool { return true }

// appendObjects implements [framing]: messages, with as many objects in one as fit, or one in each for who only
// listens.
func (s *socket) appendObjects(buf []byte, objects [][]byte) []byte {
	if _, listens := s.codec.(pushCodec); listens {
		for _, object := range objects {
			for line := range bytes.SplitSeq(object, []byte(s.codec.separator())) {
				buf = appendMessages(buf, s.codec, [][]byte{line})
			}
		}
		return buf
	}
	return appendMessages(buf, s.codec, objects)
}

// appendEnd implements [framing]. Who only listens hears of it as of everything else, too.
func (s *socket) appendEnd(buf []byte, reason DisconnectError) []byte {
	if _, listens := s.codec.(pushCodec); listens {
		if push, err := s.codec.push("", newDisconnectPush(reason)); err == nil { // as it always is
			buf = s.appendObjects(buf, [][]byte{push})
		}
	}
	return appendClose(buf, uint16(reason), reason.Error())
}

// next implements [transport].
func (s *socket) next() (message io.Reader, fits bool, err error) {
	if first := s.opening; first != nil {
		s.opening = nil
		return bytes.NewReader(first), true, nil
	}
	// coder/websocket spends a goroutine on each read whose context may end; ours end with the socket.
	kind, message, err := s.ws.Reader(context.Background()) //nolint:forbidigo // see above
	return message, byte(kind) == s.codec.op()&0x0F, err
}

// readBy implements [transport].
func (s *socket) readBy(deadline time.Time) {
	_ = s.SetReadDeadline(deadline) // a closed socket says so when it is read
}

// close implements [transport].
func (s *socket) close() {
	_ = s.ws.CloseNow() // it is closed already, unless the client went silently
	s.giveBack()
}

// abort closes the socket under whoever reads or writes, without waiting: closing TLS properly would
// have to write.
func (s *socket) abort() {
	conn := s.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	_ = conn.Close() // what cannot be closed is closed
}

// Read implements [net.Conn].
func (s *socket) Read(p []byte) (int, error) {
	if len(s.unread) == 0 {
		return s.Conn.Read(p)
	}
	n := copy(p, s.unread)
	if s.unread = s.unread[n:]; len(s.unread) == 0 {
		s.unread = nil
		s.giveBack()
	}
	return n, nil
}

// Write implements [net.Conn] for coder/websocket: p is one control frame. It waits for the socket.
func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return 0, net.ErrClosed
	}
	s.closing = len(p) > 0 && p[0] == opClose
	s.rest = append(s.rest, p...)
	// Whoever is writing takes this along; but a close frame has to be gone when the library closes the socket.
	busy := s.flushing && !s.closing
	s.mu.Unlock()
	if busy {
		return len(p), nil
	}
	if err := s.drain(controlTimeout); err != nil {
		return 0, err
	}
	return len(p), nil
}

// send implements [transport]: p is whole frames, and closing says that the last one is a close frame.
func (s *socket) send(p []byte, closing bool) (taken bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return true, net.ErrClosed
	}
	s.closing = closing
	n := 0
	if !s.flushing && len(s.rest) == 0 {
		if n, err = s.instant.write(p); err != nil {
			return true, err
		}
	}
	s.rest = append(s.rest, p[n:]...)
	return len(s.rest) == 0, nil
}

// drain implements [transport]: it writes what send and Write left.
func (s *socket) drain(patience time.Duration) error {
	s.flush.Lock()
	defer s.flush.Unlock()
	for p := s.take(); p != nil; p = s.take() {
		if err := s.writeAll(p, patience); err != nil {
			return err
		}
	}
	return s.SetWriteDeadline(time.Time{})
}

// writeAll writes p, and gives up when the client takes nothing for so long, neither of p nor of what the system
// still has for it.
func (s *socket) writeAll(p []byte, patience time.Duration) error {
	waiting, known := unacknowledged(s.Conn)
	for len(p) > 0 {
		if err := s.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		n, err := s.Conn.Write(p)
		p = p[n:]
		switch {
		case err == nil, n > 0 && errors.Is(err, os.ErrDeadlineExceeded):
			waiting, known = unacknowledged(s.Conn)
		case !known || !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		default:
			before := waiting
			if waiting, known = unacknowledged(s.Conn); !known || waiting >= before {
				return err
			}
		}
	}
	return nil
}

// take returns what waits, or nil when all is written.
func (s *socket) take() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.rest
	s.rest = nil
	s.flushing = len(p) > 0
	if !s.flushing {
		return nil
	}
	return p
}
