//go:build unix && !linux

package process

import "syscall"

// attributes make a group of its own where that is wanted.
func attributes(own bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: own} }
