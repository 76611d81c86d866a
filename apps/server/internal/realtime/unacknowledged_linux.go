package realtime

import (
	"net"

	"golang.org/x/sys/unix"
)

// unacknowledged is how many bytes the system has for the other side that this has no room for: of a slow reader it
// may hold megabytes, and take more only when a third of them has gone.
func unacknowledged(conn net.Conn) (n int, known bool) {
	raw := rawConn(conn)
	if raw == nil {
		return 0, false
	}
	err := raw.Control(func(fd uintptr) {
		var err error
		n, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		known = err == nil
	})
	return n, known && err == nil
}
