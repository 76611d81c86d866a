//go:build unix

package realtime

import (
	"errors"
	"net"
	"syscall"
)

// instantWriter writes as much to a socket as its buffer takes, without waiting. The zero value
// takes nothing: for connections that are no plain sockets (TLS, pipes), which always wait.
type instantWriter struct {
	raw syscall.RawConn
	// attempt is try, bound once: a closure for each write would be an allocation each.
	attempt func(fd uintptr) bool

	// p, n and err are the write under way.
	p   []byte
	n   int
	err error
}

func newInstantWriter(conn net.Conn) *instantWriter {
	w := &instantWriter{raw: rawConn(conn)}
	w.attempt = w.try
	return w
}

// rawConn is a plain socket's descriptor, nil for anything else.
func rawConn(conn net.Conn) (raw syscall.RawConn) {
	switch conn := conn.(type) {
	case *net.TCPConn:
		raw, _ = conn.SyscallConn()
	case *net.UnixConn:
		raw, _ = conn.SyscallConn()
	}
	return raw
}

// write returns how much of p the socket took.
func (w *instantWriter) write(p []byte) (int, error) {
	if w.raw == nil {
		return 0, nil
	}
	w.p, w.n, w.err = p, 0, nil
	err := w.raw.Write(w.attempt)
	w.p = nil
	if err != nil {
		return 0, err
	}
	return w.n, w.err
}

// try is called by the runtime with the socket's descriptor; true means not to wait for it.
func (w *instantWriter) try(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), w.p)
		switch {
		case err == nil:
			w.n = n
		case errors.Is(err, syscall.EINTR):
			continue
		case !errors.Is(err, syscall.EAGAIN):
			w.err = err
		}
		return true
	}
}
