//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// howToKill is a command for people.
func howToKill(pid int) string { return fmt.Sprintf("kill -9 %d", pid) }
