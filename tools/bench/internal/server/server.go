// Package server runs realtime servers, and the Redis that joins them, as child processes, and reads what they use.
package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"magpie.build/tools/bench/internal/wire"
)

// Usage is what a process has used.
type Usage struct {
	// CPU is user and system time since the process began.
	CPU time.Duration
	// RSS is the resident memory now, in bytes.
	RSS int64
}

// ErrNoUsage says that this system does not tell what a process has used.
var ErrNoUsage = errors.New("what a process has used is read on Linux only")

// A Program is a server that can be started.
type Program struct {
	// Name is what the report calls it.
	Name     string
	Protocol wire.Protocol
	// Command returns the arguments and the environment that start it.
	Command func(p Place) (argv, env []string)
}

// A Place is what a server is given to run.
type Place struct {
	// Addr is where it takes connections, Admin a second address of its own; both are host:port on the loopback.
	Addr, Admin string
	// Redis is the URL of what joins it to others; empty for a server alone.
	Redis string
}

// A Server is a running child process.
type Server struct {
	program Program
	addr    string
	cmd     *exec.Cmd
	log     tail
	done    chan struct{} // closed when the process has ended
}

// startTime bounds how long a server may take until it answers.
const startTime = 20 * time.Second

// Start runs a program with prefix, such as taskset, before it, on free ports of the loopback, and returns when it takes
// connections. End it by Stop.
func Start(ctx context.Context, program Program, redis string, prefix ...string) (*Server, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	argv, env := program.Command(Place{Addr: ports[0], Admin: ports[1], Redis: redis})
	argv = append(slices.Clone(prefix), argv...)
	s := &Server{program: program, addr: ports[0], cmd: exec.Command(argv[0], argv[1:]...), done: make(chan struct{})} //nolint:noctx // Stop ends it gently
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Dir = os.TempDir()
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program.Name, err)
	}
	go func() {
		defer close(s.done)
		_ = s.cmd.Wait()
	}()
	if err := s.ready(ctx); err != nil {
		_ = s.Stop()
		return nil, fmt.Errorf("start %s: %w\n%s", program.Name, err, s.log.String())
	}
	return s, nil
}

func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := wire.Join(ctx, s.program.Protocol, s.addr, "")
		if err == nil {
			return c.Close()
		}
		select {
		case <-tick.C:
		case <-s.done:
			return errors.New("it ended before it took connections")
		case <-ctx.Done():
			return err
		}
	}
}

// Kill ends the process without a word.
func (s *Server) Kill() error {
	err := s.cmd.Process.Kill()
	<-s.done
	return err
}

// stopTime is how long a server may take to say goodbye to its connections.
const stopTime = 15 * time.Second

// Stop asks the process to end, and kills it when it does not. It returns when the process has ended.
func (s *Server) Stop() error {
	if err := interrupt(s.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = s.cmd.Process.Kill()
	}
	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	select {
	case <-s.done:
		return nil
	case <-timer.C:
	}
	_ = s.cmd.Process.Kill()
	<-s.done
	return fmt.Errorf("the server did not end within %v and was killed", stopTime)
}

// freePorts returns addresses that nobody listens on. Somebody else may take one before the server does;
// then it says so and ends.
func freePorts(n int) ([]string, error) {
	var addrs []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // binds and returns at once
		if err != nil {
			return nil, fmt.Errorf("look for a free port: %w", err)
		}
		defer func() { _ = l.Close() }() // held until all are found, so that they differ
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}

// A tail keeps the last of what a process says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// maxTail is enough for the error that ended a server.
const maxTail = 8 << 10

// Write keeps p, and forgets what is old.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = bytes.Clone(t.text[max(0, len(t.text)-maxTail):])
	return len(p), nil
}

// String returns what is kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
