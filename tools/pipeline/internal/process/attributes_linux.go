package process

import "syscall"

// attributes make a group of its own, and have the kernel kill the child when we are killed ourselves. The
// kernel means the thread that started it; Go ends no thread as long as nobody locks a goroutine to one.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
