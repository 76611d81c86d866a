package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"time"
)

// grace is how long a process may take to end when it is asked to: a server bounds its own end by ten
// seconds.
const grace = 12 * time.Second

// program is a process that can be started again at the same place.
type program struct {
	name string // for people
	path string
	args []string
	env  []string
	dir  string
	log  io.Writer

	running *process // nil while it does not run
}

// process is one run of a program.
type process struct {
	command *exec.Cmd
	done    chan struct{} // closed when it has ended
	err     error         // how, once it has
}

// start runs the program; ended is called when it has ended by itself or by anybody.
func (p *program) start(ended func()) error {
	command := exec.Command(p.path, p.args...) //nolint:noctx // it ends by stop, which asks first
	command.Env, command.Dir = p.env, p.dir
	command.Stdout, command.Stderr = p.log, p.log
	command.SysProcAttr = attributes()
	command.WaitDelay = time.Second
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	run := &process{command: command, done: make(chan struct{})}
	p.running = run
	go func() { // ends with the process, which stop sees to
		run.err = command.Wait()
		close(run.done)
		ended()
	}()
	return nil
}

// pid is 0 while the program does not run.
func (p *program) pid() int {
	if p.running == nil {
		return 0
	}
	return p.running.command.Process.Pid
}

// kill ends the program as an accident does.
func (p *program) kill() error {
	if err := p.running.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	return nil
}

// stop asks the program to end, makes it end, and returns when it has.
func (p *program) stop() {
	run := p.running
	if run == nil {
		return
	}
	_ = terminate(run.command.Process) // it may have ended
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-run.done:
	case <-late.C:
		_ = run.command.Process.Kill()
		<-run.done
	}
}

// freeAddr returns a loopback address that nobody listens on just now.
func freeAddr(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
