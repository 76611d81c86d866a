//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// group makes the command the head of a process group, as a terminal does.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt does what Ctrl-C in a terminal does.
func interrupt(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
