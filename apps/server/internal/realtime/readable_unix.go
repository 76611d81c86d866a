//go:build unix

package realtime

import (
	"errors"
	"io"
	"syscall"
)

// readable waits for a socket to have something to read, with as little on the stack as can be. The zero value
// cannot: it is for connections that are no plain sockets (TLS, pipes).
type readable struct {
	socket *socket
	raw    syscall.RawConn
	// attempt is try, bound once.
	attempt func(fd uintptr) bool
	// dealt is the caller's of wait.
	dealt func() bool
	err   error
}

// bind has it wait for a socket.
func (r *readable) bind(s *socket) {
	if r.raw = rawConn(s.Conn); r.raw != nil {
		r.socket, r.attempt = s, r.try
	}
}

// waits reports whether it can wait.
func (r *readable) waits() bool { return r.raw != nil }

// wait returns when something has come in that is not dealt with, which is then unread, or the connection has ended.
func (r *readable) wait(dealt func() bool) error {
	r.dealt = dealt
	if err := r.raw.Read(r.attempt); err != nil {
		return err
	}
	return r.err
}

// try is called by the runtime with the socket's descriptor; false means to wait for it.
func (r *readable) try(fd uintptr) bool {
	for {
		buf, _ := readBuffers.Get().(*readBuffer)
		n, err := syscall.Read(int(fd), buf[:])
		if n > 0 {
			r.socket.borrowed, r.socket.unread = buf, buf[:n]
			if r.dealt() {
				continue
			}
			return true
		}
		readBuffers.Put(buf)
		if !errors.Is(err, syscall.EINTR) {
			return r.end(err)
		}
	}
}

// end notes why nothing was read, and reports false if there may be something later.
func (r *readable) end(err error) bool {
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return false
	case err == nil:
		r.err = io.EOF
	default:
		r.err = err
	}
	return true
}
