//go:build unix

package dev

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const executableSuffix = ""

// group is a process group, by the id of its leader.
type group int

// ownGroup has a command run in a process group of its own, which its cancellation kills.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = groupAttr()
	if cmd.Cancel != nil {
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	}
}

// adopt returns the group of a command that was started.
func adopt(cmd *exec.Cmd) group { return group(cmd.Process.Pid) }

func (g group) terminate() { _ = syscall.Kill(-int(g), syscall.SIGTERM) }
func (g group) kill()      { _ = syscall.Kill(-int(g), syscall.SIGKILL) }

// untilOrphaned cancels when the process that started this one has ended: mage, when it is killed,
// does not take the compiled magefile along.
func untilOrphaned(ctx context.Context, cancel context.CancelFunc) error {
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

func whoHasPort(port string) string { return "`lsof -i :" + port + "` names it" }
