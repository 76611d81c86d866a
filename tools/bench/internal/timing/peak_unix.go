//go:build unix

package timing

import (
	"os"
	"runtime"
	"syscall"
)

// peak returns the most that a process, or one that it waited for, had in memory, in bytes.
func peak(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(usage.Maxrss) //nolint:unconvert // smaller on 32 bits
	}
	return int64(usage.Maxrss) << 10 //nolint:unconvert // smaller on 32 bits
}
