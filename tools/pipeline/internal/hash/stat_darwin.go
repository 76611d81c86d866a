package hash

import "golang.org/x/sys/unix"

// details are what systems have in other types: times in nanoseconds and the mode.
func details(sys *unix.Stat_t) (modified, changed int64, mode uint32) {
	return sys.Mtim.Nano(), sys.Ctim.Nano(), uint32(sys.Mode)
}
