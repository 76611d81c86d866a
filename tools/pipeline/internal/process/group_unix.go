//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

// A group is a process group, known by the id of the process that leads it, or a process in our own group, which
// is then only that one.
type group struct {
	id     int
	shared bool
}

func start(cmd *exec.Cmd, shared bool) (*group, error) {
	cmd.SysProcAttr = attributes(!shared)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &group{id: cmd.Process.Pid, shared: shared}, nil
}

// A group that is gone makes kill fail, which is what is wanted.

// interrupt asks the group to end. Who shares our terminal has had its interrupt from there, if there was one.
func (g *group) interrupt() {
	if g.shared {
		_ = syscall.Kill(g.id, syscall.SIGTERM)
		return
	}
	_ = syscall.Kill(-g.id, syscall.SIGINT)
}

func (g *group) kill() {
	if g.shared {
		_ = syscall.Kill(g.id, syscall.SIGKILL)
		return
	}
	_ = syscall.Kill(-g.id, syscall.SIGKILL)
}

// sweep kills what outlived the process that led the group.
func (g *group) sweep() {
	if !g.shared {
		g.kill()
	}
}
