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
	attempt func(fd uintptr)

	// p, n and err are the write under way.
	p   []byte
	n   int
	err error
}

// bind has it write to a connection.
func (w *instantWriter) bind(conn net.Conn) {
	w.raw, w.attempt = rawConn(conn), w.try
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
	// What is for waiting, which RawConn.Write prepares each time, is not needed.
	err := w.raw.Control(w.attempt)
	w.p = nil
	if err != nil {
		return 0, err
	}
	return w.n, w.err
}

// try is called with the socket's descriptor.
func (w *instantWriter) try(fd uintptr) {
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
		return
	}
}
