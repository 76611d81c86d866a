package process

import "syscall"

// attributes make a group of its own where that is wanted, and have the kernel kill the child when we are killed ourselves. The
// kernel means the thread that started it; Go ends no thread as long as nobody locks a goroutine to one.
func attributes(own bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: own, Pdeathsig: syscall.SIGKILL}
}
