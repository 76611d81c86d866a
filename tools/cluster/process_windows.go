package main

import (
	"fmt"
	"os"
	"syscall"
)

// attributes put a process into a console group of its own, so that Ctrl-C reaches the cluster alone.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// terminate kills: Windows has no gentle way for a process without a window.
func terminate(p *os.Process) error { return p.Kill() }

// howToKill is a command for people.
func howToKill(pid int) string { return fmt.Sprintf("taskkill /F /PID %d", pid) }
