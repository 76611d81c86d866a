//go:build !unix

package descriptors

import "net"

// Limit is what Unix has.
func Limit() (limit uint64, ok bool) { return 0, false }

func number(net.Conn) (n uint64, ok bool) { return 0, false }
