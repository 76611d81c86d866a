package process

import (
	"errors"
	"os/exec"
	"syscall"
)

// Code is the exit code that an error of [Run] stands for: that of the command, 128 and the signal's number where a signal ended it, as
// shells have it, and 1 for everything else.
func Code(err error) int {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return 1
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return max(1, exit.ExitCode())
}
