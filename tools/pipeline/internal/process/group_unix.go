//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

// A group is a process group, known by the id of the process that leads it.
type group struct{ id int }

func start(cmd *exec.Cmd) (*group, error) {
	cmd.SysProcAttr = attributes()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &group{id: cmd.Process.Pid}, nil
}

// A group that is gone makes kill fail, which is what is wanted.

func (g *group) interrupt() { _ = syscall.Kill(-g.id, syscall.SIGINT) }

func (g *group) kill() { _ = syscall.Kill(-g.id, syscall.SIGKILL) }

// sweep kills what outlived the process that led the group.
func (g *group) sweep() { g.kill() }
