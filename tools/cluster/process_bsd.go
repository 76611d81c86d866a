//go:build unix && !linux

package main

import "syscall"

// attributes put a process into a group of its own, so that Ctrl-C reaches the cluster alone, which then
// ends everything in order.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
