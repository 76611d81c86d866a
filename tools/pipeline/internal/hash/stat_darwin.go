package hash

import "syscall"

// details are what systems name differently: times in nanoseconds and the mode.
func details(sys *syscall.Stat_t) (modified, changed int64, mode uint32) {
	return sys.Mtimespec.Nano(), sys.Ctimespec.Nano(), uint32(sys.Mode)
}
