package realtime

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// At rest a connection keeps these two buffers. coder/websocket writes control frames alone, each in
// one piece: at most 2 bytes of header and 125 of payload.
const (
	readBufferBytes  = 512
	writeBufferBytes = 256
)

// controlTimeout bounds the writing of a control frame by the reader.
const controlTimeout = 5 * time.Second

// opClose is the opcode of a close frame (RFC 6455 section 11.8), in a final frame's first byte.
const opClose = 0x88

// transport is the network connection under a WebSocket. coder/websocket does the handshake, reads
// and answers control frames; data frames are ready-made and come here directly, as a server's frames
// are the same bytes for everybody. Either way a frame enters whole, under mu, so two never mix, and
// nothing follows a close frame (RFC 6455 section 5.5.1).
type transport struct {
	net.Conn

	// head is what net/http had read beyond the handshake. Only the reader touches it.
	head []byte

	mu      sync.Mutex
	instant *instantWriter
	// rest waits for the socket to take it.
	rest []byte
	// flushing says that somebody is writing: others leave their bytes in rest.
	flushing bool
	closing  bool

	// flush is held by whoever writes rest, perhaps for long.
	flush sync.Mutex
}

// hijacker hands coder/websocket the transport and small buffers instead of net/http's 4 KiB ones.
type hijacker struct {
	http.ResponseWriter

	transport *transport
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
	t := h.transport
	t.Conn = conn
	t.head = append([]byte(nil), head...)
	t.instant = newInstantWriter(conn)
	return t, bufio.NewReadWriter(bufio.NewReaderSize(t, readBufferBytes), bufio.NewWriterSize(t, writeBufferBytes)), nil
}

// abort closes the socket under whoever reads or writes, without waiting: closing TLS properly would
// have to write.
func (t *transport) abort() {
	conn := t.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	_ = conn.Close() // what cannot be closed is closed
}

// Read implements [net.Conn].
func (t *transport) Read(p []byte) (int, error) {
	if len(t.head) == 0 {
		return t.Conn.Read(p)
	}
	n := copy(p, t.head)
	if t.head = t.head[n:]; len(t.head) == 0 {
		t.head = nil
	}
	return n, nil
}

// Write implements [net.Conn] for coder/websocket: p is one control frame. It waits for the socket.
func (t *transport) Write(p []byte) (int, error) {
	t.mu.Lock()
	if t.closing {
		t.mu.Unlock()
		return 0, net.ErrClosed
	}
	t.closing = len(p) > 0 && p[0] == opClose
	t.rest = append(t.rest, p...)
	busy := t.flushing
	t.mu.Unlock()
	if busy {
		return len(p), nil
	}
	if err := t.drain(time.Now().Add(controlTimeout)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// send writes whole frames without waiting, and reports whether the socket took them all. If not,
// the transport keeps the rest (p is free again) until drain. closing says that the last one is a
// close frame.
func (t *transport) send(p []byte, closing bool) (taken bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closing {
		return true, net.ErrClosed
	}
	t.closing = closing
	n := 0
	if !t.flushing && len(t.rest) == 0 {
		if n, err = t.instant.write(p); err != nil {
			return true, err
		}
	}
	t.rest = append(t.rest, p[n:]...)
	return len(t.rest) == 0, nil
}

// drain writes what send and Write left, waiting for the socket until the deadline.
func (t *transport) drain(deadline time.Time) error {
	t.flush.Lock()
	defer t.flush.Unlock()
	if err := t.SetWriteDeadline(deadline); err != nil {
		return err
	}
	for {
		p := t.take()
		if p == nil {
			return t.SetWriteDeadline(time.Time{})
		}
		if _, err := t.Conn.Write(p); err != nil {
			return err
		}
	}
}

// take returns what waits, or nil when all is written.
func (t *transport) take() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.rest
	t.rest = nil
	t.flushing = len(p) > 0
	if !t.flushing {
		return nil
	}
	return p
}
