package deploy

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel kill the program when this process is killed: no server is left behind.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
