package deploy

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"magpie.build/tools/chaos/internal/proxy"
)

// Redis is a redis-server that keeps what it is given in an append-only file, and the proxy that leads to it.
type Redis struct {
	*Process
	Proxy *proxy.Proxy
}

// startRedis starts a redis-server. Clients and replicas reach it through its proxy, which is the address that it tells others;
// args may use that.
func (d *Deployment) startRedis(name string, args func(front string) []string) (*Redis, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p, err := proxy.Start(addr)
	if err != nil {
		return nil, err
	}
	d.proxies = append(d.proxies, p)
	dir := filepath.Join(d.disk.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	all := append([]string{
		"--bind", "127.0.0.1", "--port", portOf(addr), "--dir", dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "local",
		"--maxmemory-policy", "noeviction", "--loglevel", "notice",
	}, args(p.Addr())...)
	r := &Redis{
		Process: &Process{Name: name, Addr: addr, program: "redis-server", args: all, log: filepath.Join(d.o.Dir, name+".log")},
		Proxy:   p,
	}
	return r, d.startProcess(r.Process)
}

// startProcess starts a program of Redis, with a clock of its own where there are any.
func (d *Deployment) startProcess(p *Process) error {
	d.processes = append(d.processes, p)
	if d.noClocks == nil {
		if err := d.clocks.give(p, d.o.Dir); err != nil {
			return err
		}
	}
	return p.Start()
}

// Do asks the server itself, not through its proxy.
func (r *Redis) Do(args ...string) (string, error) { return command(r.Addr, args...) }

// until polls a condition that must come true.
func until(what string, ok func() bool) error {
	for deadline := time.Now().Add(startTime); time.Now().Before(deadline); <-time.After(50 * time.Millisecond) {
		if ok() {
			return nil
		}
	}
	return fmt.Errorf("not after %v: %s", startTime, what)
}

func portOf(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return port
}
