//go:build unix

package main

import (
	"context"
	"fmt"
	"syscall"
)

const exeSuffix = ""

// become replaces this process by a program. It returns only if that fails.
func become(_ context.Context, program string, args, env []string) error {
	err := syscall.Exec(program, args, env) //nolint:gosec // to run what it is told is what the launcher is for
	return fmt.Errorf("run the magefile: %w", err)
}
