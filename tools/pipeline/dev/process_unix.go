//go:build unix

package dev

import (
	"os/exec"
	"syscall"
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

func whoHasPort(port string) string { return "`lsof -i :" + port + "` names it" }
