package dev

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"time"
)

// grace is how long a process may take to end when it is asked to. Development wants the next one
// soon; what a server must not lose it has written by then.
const grace = 3 * time.Second

// process is one run of an app. A nil process is one that never ran.
type process struct {
	cmd         *exec.Cmd
	group       group
	addr, admin string
	tail        *tail
	transport   *http.Transport
	done        chan struct{} // closed once it has been waited for
	err         error         // valid after done
}

// startProcess runs an app's binary in a process group of its own.
func startProcess(ctx context.Context, a *app) (*process, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	admin, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	p := &process{addr: addr, admin: admin, tail: &tail{}, transport: newTransport(), done: make(chan struct{})}
	p.cmd = exec.Command(a.binary, a.declared.Args...) //nolint:noctx // it ends by stop, which asks first
	p.cmd.Dir = a.root
	p.cmd.Env = append(append([]string{}, a.env...), "ADDR="+addr)
	if a.declared.AdminAddr != "" {
		p.cmd.Env = append(p.cmd.Env, "ADMIN_ADDR="+admin)
	}
	stdout, stderr := a.console.writer(false, p.tail), a.console.writer(true, p.tail)
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	p.cmd.WaitDelay = time.Second // a grandchild may keep the pipes open
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("did not start: %w", err)
	}
	p.group = adopt(p.cmd)
	go func() { // ends with the process; stop waits for it
		defer close(p.done)
		p.err = p.cmd.Wait()
		p.group.kill() // what it left behind
		stdout.flush()
		stderr.flush()
	}()
	return p, nil
}

// exited is closed when the process has ended; it blocks for ever where there is none.
func (p *process) exited() <-chan struct{} {
	if p == nil {
		return nil
	}
	return p.done
}

// reason says how the process ended.
func (p *process) reason() string {
	if p.err != nil {
		return p.err.Error()
	}
	return "exit status 0"
}

// log returns the last lines that the process wrote.
func (p *process) log() string {
	if p == nil {
		return ""
	}
	return p.tail.String()
}

// stop asks the process group to end, makes it end, and returns when it has.
func (p *process) stop() {
	if p == nil {
		return
	}
	select {
	case <-p.done: // its id may belong to another by now
		return
	default:
	}
	p.group.terminate()
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case <-p.done:
	case <-patience.C:
		p.group.kill()
		<-p.done
	}
	p.transport.CloseIdleConnections()
}

// serves says whether the process answers on path without a server's error.
func (p *process) serves(ctx context.Context, path string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+path, http.NoBody)
	if err != nil {
		return false
	}
	response, err := p.transport.RoundTrip(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode < http.StatusInternalServerError
}

// newTransport returns a client side that talks to one process, directly and as it is asked.
func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 64,
		DisableCompression:  true,
	}
}

// freeAddr returns a loopback address that nobody listens on just now.
func freeAddr(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
