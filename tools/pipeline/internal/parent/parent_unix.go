//go:build unix

// Package parent knows of the process that started this one.
package parent

import (
	"context"
	"os"
	"time"
)

// UntilGone cancels when the process that started this one has ended: mage, when it is killed,
// does not take the compiled magefile along. It returns ctx's error.
func UntilGone(ctx context.Context, cancel context.CancelFunc) error {
	parent := os.Getppid()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if os.Getppid() != parent {
				cancel()
			}
		}
	}
}
