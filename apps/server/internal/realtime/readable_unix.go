//go:build unix

package realtime

import (
	"errors"
	"io"
	"syscall"
)

// readable waits for a socket to have something to read, with as little on the stack as can be.
type readable struct {
	socket *socket
	raw    syscall.RawConn
	// attempt is try, bound once.
	attempt func(fd uintptr) bool
	err     error
}

// newReadable returns nil for what is no plain socket (TLS, pipes).
func newReadable(s *socket) *readable {
	raw := rawConn(s.Conn)
	if raw == nil {
		return nil
	}
	r := &readable{socket: s, raw: raw}
	r.attempt = r.try
	return r
}

// wait returns when something has come in, which is then unread, or the connection has ended.
func (r *readable) wait() error {
	if err := r.raw.Read(r.attempt); err != nil {
		return err
	}
	return r.err
}

// try is called by the runtime with the socket's descriptor; false means to wait for it.
func (r *readable) try(fd uintptr) bool {
	buf, _ := readBuffers.Get().(*readBuffer)
	n, err := syscall.Read(int(fd), buf[:])
	for errors.Is(err, syscall.EINTR) {
		n, err = syscall.Read(int(fd), buf[:])
	}
	if n > 0 {
		r.socket.borrowed, r.socket.unread = buf, buf[:n]
		return true
	}
	readBuffers.Put(buf)
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
