//go:build unix

package descriptors

import (
	"net"
	"syscall"
)

// Limit is how many descriptors the process may have now: Go raises it to what is allowed when a program starts.
func Limit() (limit uint64, ok bool) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return uint64(l.Cur), true //nolint:unconvert // it is signed on some systems
}

// number is a connection's descriptor.
func number(conn net.Conn) (n uint64, ok bool) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return 0, false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = raw.Control(func(fd uintptr) { n = uint64(fd) })
	return n, err == nil
}
