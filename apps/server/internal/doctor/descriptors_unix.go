//go:build unix

package doctor

import "syscall"

// descriptorLimit is the limit that holds: Go raises it to what is allowed when a program starts.
func descriptorLimit() (limit uint64, ok bool) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return uint64(l.Cur), true //nolint:unconvert // it is signed on some systems
}
