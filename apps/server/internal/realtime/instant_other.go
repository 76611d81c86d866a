//go:build !unix

package realtime

import "net"

// instantWriter takes nothing: where sockets cannot be written to without waiting, each connection
// with something to say is written by a goroutine of its own.
type instantWriter struct{}

func (*instantWriter) bind(net.Conn) {}

func (*instantWriter) write([]byte) (int, error) { return 0, nil }
