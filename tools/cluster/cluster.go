package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// pollEvery is how often servers are asked whether they are ready, pollTime how long one may take
	// to say so.
	pollEvery = 250 * time.Millisecond
	pollTime  = 2 * time.Second
	// startTime is how long everything may take to come up.
	startTime = 30 * time.Second
)

// cluster is Redis, servers and a proxy. Its loop, run, alone starts and ends processes.
type cluster struct {
	stdout   io.Writer
	redis    *program
	redisURL string
	servers  []*server
	proxy    *proxy
	listener net.Listener
	dir      string
	client   http.Client

	// ended receives a program whose process has ended, by whatever.
	ended chan *program
}

// server is one of the chat servers.
type server struct {
	program

	addr, admin string
}

// newCluster finds places for everything, and starts nothing yet.
func newCluster(ctx context.Context, o options, stdout, stderr io.Writer) (*cluster, error) {
	redis, err := exec.LookPath(o.redis)
	if err != nil {
		return nil, fmt.Errorf("find Redis: %w; the servers are joined by it: `go tool mage doctor` says how to get it", err)
	}
	chat, err := findServer(o.server)
	if err != nil {
		return nil, err
	}
	c := &cluster{
		stdout: stdout,
		ended:  make(chan *program, o.servers+1), // each has one process at a time, whose end is heard before the next
		client: http.Client{Timeout: pollTime},
	}
	var sharing sync.Mutex
	log := func(name string) io.Writer { return &lines{mu: &sharing, to: stderr, prefix: name + " | "} }

	c.redisURL, err = freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "magpie-cluster-*"); err != nil {
		return nil, fmt.Errorf("make a folder for Redis: %w", err)
	}
	_, port, _ := net.SplitHostPort(c.redisURL)
	c.redis = &program{
		name: "redis", path: redis, dir: c.dir, log: io.Discard,
		// What was acknowledged is on disk: so Redis may be killed, too.
		args: []string{"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir", c.dir},
	}
	var addrs []string
	for i := range o.servers {
		s := &server{program: program{name: fmt.Sprintf("server %d", i+1), path: chat, dir: c.dir, log: log(fmt.Sprintf("server %d", i+1))}}
		if s.addr, err = freeAddr(ctx); err == nil {
			s.admin, err = freeAddr(ctx)
		}
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(c.dir))
		}
		s.env = append(environment(), "ADDR="+s.addr, "ADMIN_ADDR="+s.admin, "REDIS_URL=redis://"+c.redisURL)
		addrs = append(addrs, s.addr)
		c.servers = append(c.servers, s)
	}
	c.proxy = newProxy(addrs)
	if c.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", o.addr); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: is another program there? Choose another address by -addr", err), os.RemoveAll(c.dir))
	}
	return c, nil
}

// environment is this process's, with servers that log only what deserves attention unless told otherwise.
func environment() []string {
	env := os.Environ()
	if os.Getenv("LOG_LEVEL") == "" {
		env = append(env, "LOG_LEVEL=warn")
	}
	return env
}

// findServer returns the absolute path of the server's program.
func findServer(path string) (string, error) {
	found, err := exec.LookPath(path)
	if err == nil {
		found, err = filepath.Abs(found)
	}
	if err != nil {
		return "", fmt.Errorf("find the chat server: %w; `go tool mage build -filter=apps/server` builds it, `go tool mage cluster` does both", err)
	}
	return found, nil
}

// run starts everything and serves until ctx ends.
func (c *cluster) run(ctx context.Context, stdin io.Reader) (err error) {
	runtime.LockOSThread() // see attributes
	defer runtime.UnlockOSThread()
	defer func() { err = errors.Join(err, c.stop()) }()

	if err := c.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // it was told to end
		}
		return err
	}
	front := &http.Server{Handler: c.proxy, ReadHeaderTimeout: 10 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := front.Serve(c.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", c.listener.Addr(), err)
		}
		return nil
	})
	c.welcome()
	c.loop(ctx, commands(stdin))
	return errors.Join(front.Close(), group.Wait())
}

// start starts Redis, then the servers, and waits until all are ready.
func (c *cluster) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := c.launch(c.redis); err != nil {
		return err
	}
	if err := c.await(ctx, c.redis, func(ctx context.Context) bool { return answers(ctx, c.redisURL) }); err != nil {
		return err
	}
	for _, s := range c.servers {
		if err := c.launch(&s.program); err != nil {
			return err
		}
	}
	for i, s := range c.servers {
		if err := c.await(ctx, &s.program, func(ctx context.Context) bool { return c.ready(ctx, s) }); err != nil {
			return err
		}
		c.proxy.note(i, false, true)
	}
	return nil
}

func (c *cluster) launch(p *program) error { return p.start(func() { c.ended <- p }) }

// await polls until a program is up.
func (c *cluster) await(ctx context.Context, p *program, up func(context.Context) bool) error {
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for !up(ctx) {
		select {
		case <-p.running.done:
			return fmt.Errorf("%s ended at once: %v", p.name, p.running.err)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s: %w", p.name, startTime, ctx.Err())
		case <-poll.C:
		}
	}
	return nil
}

// answers reports whether Redis does.
func answers(ctx context.Context, addr string) bool {
	conn, err := (&net.Dialer{Timeout: pollTime}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }() // it said what it had to say
	_ = conn.SetDeadline(time.Now().Add(pollTime))
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return false
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.HasPrefix(answer, "+PONG")
}

// ready asks a server whether it can serve people.
func (c *cluster) ready(ctx context.Context, s *server) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.admin+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	response, err := c.client.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// loop does what is asked, and tells what happens, until ctx ends.
func (c *cluster) loop(ctx context.Context, commands <-chan string) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	polled := make(chan []bool, 1) // of one poll at a time
	polling := false
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-c.ended:
			c.buried(p)
		case command, ok := <-commands:
			if !ok {
				commands = nil
				continue
			}
			c.obey(command)
		case <-poll.C:
			if !polling {
				polling = true
				go func() { polled <- c.poll(ctx) }() // bounded by pollTime; nobody needs it after the end
			}
		case states := <-polled:
			polling = false
			c.learn(states)
		}
	}
}

// poll asks all servers at once.
func (c *cluster) poll(ctx context.Context) []bool {
	states := make([]bool, len(c.servers))
	var asking sync.WaitGroup
	for i, s := range c.servers {
		asking.Go(func() { states[i] = c.ready(ctx, s) })
	}
	asking.Wait()
	return states
}

// learn notes what servers answered.
func (c *cluster) learn(states []bool) {
	for i, s := range c.servers {
		if s.running == nil || !c.proxy.note(i, false, states[i]) {
			continue
		}
		if states[i] {
			c.say("%s is ready: %s", s.name, s.where())
		} else {
			c.say("%s is not ready", s.name)
		}
	}
}

// buried notes that a process has ended.
func (c *cluster) buried(p *program) {
	how := "ended"
	if p.running.err != nil {
		how = p.running.err.Error()
	}
	p.running = nil
	if p == c.redis {
		c.say("redis has gone (%s): what is said now waits; r and Enter starts it again", how)
		return
	}
	i := c.index(p)
	c.proxy.note(i, true, false)
	c.say("%s has gone (%s): its people go on elsewhere; %d and Enter starts it again", p.name, how, i+1)
}

func (c *cluster) index(p *program) int {
	return slices.IndexFunc(c.servers, func(s *server) bool { return &s.program == p })
}

// obey does what a person typed: a number or r kills what runs, and starts what does not.
func (c *cluster) obey(command string) {
	p := c.redis
	if command != "r" {
		n, err := strconv.Atoi(command)
		if err != nil || n < 1 || n > len(c.servers) {
			c.say("%q is none of 1 to %d and r", command, len(c.servers))
			return
		}
		p = &c.servers[n-1].program
	}
	err := func() error {
		if p.running != nil {
			return p.kill()
		}
		return c.launch(p)
	}()
	if err != nil {
		c.say("%v", err)
	}
}

// stop ends everything, the servers first, and removes what is left.
func (c *cluster) stop() error {
	var ending sync.WaitGroup
	for _, s := range c.servers {
		ending.Go(s.stop)
	}
	ending.Wait()
	c.redis.stop()
	_ = c.listener.Close() // the proxy has, if it ran
	c.client.CloseIdleConnections()
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("remove what Redis kept: %w", err)
	}
	return nil
}

func (s *server) where() string {
	return fmt.Sprintf("http://%s, operators http://%s, %s", s.addr, s.admin, howToKill(s.pid()))
}

// welcome says where everything is.
func (c *cluster) welcome() {
	c.say("the chat: http://%s", c.listener.Addr())
	for _, s := range c.servers {
		c.say("%s: %s", s.name, s.where())
	}
	c.say("redis: %s, %s", c.redisURL, howToKill(c.redis.pid()))
	c.say("")
	c.say("Open the chat in two windows and talk. Then kill a server, as above or by its number and Enter;")
	c.say("the same starts it again. r does so to Redis. Ctrl-C ends everything.")
}

func (c *cluster) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.stdout, format+"\n", args...) // who does not listen needs no telling
}

// commands reads lines until stdin ends. Its goroutine waits for stdin, which nothing but its end ends.
func commands(stdin io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(stdin)
		for scanner.Scan() {
			if line := strings.TrimSpace(scanner.Text()); line != "" {
				lines <- line
			}
		}
	}()
	return lines
}
