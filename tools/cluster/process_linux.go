package main

import "syscall"

// attributes put a process into a group of its own, so that Ctrl-C reaches the cluster alone, which then
// ends everything in order. Should the cluster be killed, Linux kills what it started: that hangs on the
// thread that started it, which is why the cluster's loop keeps one to itself.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
