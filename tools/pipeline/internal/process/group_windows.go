package process

import (
	"os/exec"
	"strconv"
	"syscall"
)

// A group is a process with all it started.
type group struct{ id int }

func start(cmd *exec.Cmd, shared bool) (*group, error) {
	if !shared {
		cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &group{id: cmd.Process.Pid}, nil
}

// interrupt ends the tree at once: Windows has no interrupt that reaches programs without a console.
func (g *group) interrupt() { g.kill() }

// kill ends the tree. One that is gone makes it fail, which is what is wanted.
func (g *group) kill() {
	_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(g.id)).Run() //nolint:gosec,noctx // the argument is a number, and it ends by itself
}

// sweep does nothing: without its root nothing tells who belongs to a tree.
func (g *group) sweep() {}
