package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Redis is a redis-server of our own that keeps nothing on disk.
type Redis struct {
	addr string
	cmd  *exec.Cmd
	done chan struct{}
}

// ErrNoRedis says that there is no redis-server on this machine.
var ErrNoRedis = errors.New("redis-server is not installed")

// StartRedis runs redis-server on a free port of the loopback with prefix before it, and returns when it answers.
func StartRedis(ctx context.Context, prefix ...string) (*Redis, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrNoRedis
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(ports[0])
	argv := append(slices.Clone(prefix), path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	r := &Redis{addr: ports[0], cmd: exec.Command(argv[0], argv[1:]...), done: make(chan struct{})} //nolint:noctx // Stop ends it
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start redis-server: %w", err)
	}
	go func() {
		defer close(r.done)
		_ = r.cmd.Wait()
	}()
	if err := r.ready(ctx); err != nil {
		r.Stop()
		return nil, fmt.Errorf("start redis-server: %w", err)
	}
	return r, nil
}

func (r *Redis) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := r.Calls(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-r.done:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return err
		}
	}
}

// URL is how servers are told of it.
func (r *Redis) URL() string { return "redis://" + r.addr }

// Stop ends it.
func (r *Redis) Stop() {
	_ = r.cmd.Process.Kill()
	<-r.done
}

// Calls returns how often each command was called so far, by name.
func (r *Redis) Calls(ctx context.Context) (map[string]int64, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "INFO commandstats\r\n"); err != nil {
		return nil, err
	}
	reader := bufio.NewReader(conn)
	head, err := reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	size, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(head, "$")))
	if err != nil || size < 0 || size > 1<<20 {
		return nil, fmt.Errorf("redis-server answers %q", head)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(reader, text); err != nil {
		return nil, err
	}
	return parseCalls(string(text)), nil
}

// parseCalls reads lines such as cmdstat_get:calls=3,usec=12,….
func parseCalls(text string) map[string]int64 {
	calls := map[string]int64{}
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, ",")
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			calls[name] = n
		}
	}
	return calls
}
