//go:build unix

package doctor

import (
	"context"
	"fmt"
	"syscall"
)

// Descriptors is the number of files and connections that one process may have open. Go raises
// the soft limit to the hard one, so the hard one counts.
func Descriptors(atLeast uint64) Check {
	return Check{
		Name: "open files", For: "thousands of connections, file watching", Optional: true,
		Find: func(context.Context) (string, error) {
			var limit syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
				return "", fmt.Errorf("ask for the limit: %w", err)
			}
			if uint64(limit.Max) < atLeast { //nolint:unconvert // signed on some systems
				return "", fmt.Errorf("at most %d, fewer than %d", limit.Max, atLeast)
			}
			return fmt.Sprint(limit.Max), nil
		},
		Advice: map[string]string{
			"":       fmt.Sprintf("ulimit -Hn %d", atLeast),
			"linux":  fmt.Sprintf("`* hard nofile %d` in /etc/security/limits.conf, then log in again", atLeast),
			"darwin": fmt.Sprintf("sudo launchctl limit maxfiles %d unlimited", atLeast),
		},
	}
}
