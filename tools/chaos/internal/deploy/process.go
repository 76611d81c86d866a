// Package deploy starts what is to be tortured: servers, Redis in all its topologies, and the proxies between them; and tears
// at it: each fault is a method that inflicts it and returns what heals it.
package deploy

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

// startTime is how long a program may take until it listens.
const startTime = 20 * time.Second

// Process is a program that listens at an address, and can be killed and started again.
type Process struct {
	Name string
	// Addr is where it listens when it is ready.
	Addr string

	program string
	args    []string
	env     []string
	log     string // the file that takes what it says
	clock   string // the file that says how far its clock is off; none unless it has one of its own
	ended   func(pid int)

	power sync.Mutex // held while it must not be started; taken before mu

	mu      sync.Mutex
	cmd     *exec.Cmd
	done    chan struct{} // closed when it has ended
	stopped bool          // is suspended
}

// Start starts the program unless it runs, and waits until it listens. When it ends instead it is started again, as a
// supervisor would: a server may come before its Redis.
func (p *Process) Start() error {
	p.power.Lock()
	defer p.power.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for deadline := time.Now().Add(startTime); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		if !p.running() {
			if err := p.launch(); err != nil {
				return fmt.Errorf("start %s: %w", p.Name, err)
			}
		}
		conn, err := net.DialTimeout("tcp", p.Addr, time.Second) //nolint:noctx // bounded by the timeout
		if err == nil {
			return conn.Close()
		}
	}
	return fmt.Errorf("%s does not listen at %s after %v; what it said is in %s", p.Name, p.Addr, startTime, p.log)
}

func (p *Process) launch() error {
	out, err := os.OpenFile(p.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()        // the program has it
	cmd := exec.Command(p.program, p.args...) //nolint:noctx // it is ended by signals, that is the point
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = out, out
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		if p.ended != nil {
			p.ended(cmd.Process.Pid)
		}
		close(done)
	}()
	p.cmd, p.done, p.stopped = cmd, done, false
	return nil
}

// running reports whether the program runs. The caller holds mu.
func (p *Process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Kill ends the program at once, as kill -9 does, and waits until it has ended.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// stopTime is how long a program may take to end when it is asked to.
const stopTime = 20 * time.Second

// Stop asks the program to end, and kills it when it does not.
func (p *Process) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return
	}
	if p.stopped {
		_ = resume(p.cmd.Process)
	}
	_ = interrupt(p.cmd.Process)
	select {
	case <-p.done:
	case <-time.After(stopTime):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// Suspend has the program stand still, until Resume.
func (p *Process) Suspend() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return errors.New("it does not run")
	}
	p.stopped = true
	return suspend(p.cmd.Process)
}

// Resume lets a suspended program go on.
func (p *Process) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() && p.stopped {
		p.stopped = false
		_ = resume(p.cmd.Process)
	}
}

// Ports that systems do not give to connections: a program that was killed finds its port free when it is started again.
const firstPort, lastPort = 12_000, 30_000

// freeAddr returns an address on the loopback that nobody listens at.
func freeAddr() (string, error) {
	var problem error
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort)) //nolint:gosec // no secret
		l, err := net.Listen("tcp", addr)                                            //nolint:noctx // binds and returns at once
		if err == nil {
			return addr, l.Close()
		}
		problem = err
	}
	return "", fmt.Errorf("look for a free port: %w", problem)
}
