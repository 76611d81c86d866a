// Package redistest starts real Redis servers for tests, on loopback ports that were free, and ends
// them with the test. Begin with [Start].
package redistest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to start or to end.
const patience = 20 * time.Second

// Options say what kind of server to start. The zero value is plain: no password, no TLS, nothing
// kept on disk.
type Options struct {
	// Password is asked of clients, if not empty.
	Password string
	// TLS has the server speak TLS alone, also with other servers, with a certificate of a CA made for it and
	// for those that belong to it.
	TLS bool
	// Append has the server write every command to disk before it answers, so that Kill and Restart
	// lose nothing.
	Append bool
	// Args are further arguments of redis-server.
	Args []string

	certificates string // a folder that has them already
}

// Server is a running redis-server. Its methods fail the test on error.
type Server struct {
	// Addr is host:port, Socket the path of its socket file.
	Addr, Socket string
	// CAFile is the certificate authority's file in PEM, when the server speaks TLS.
	CAFile string

	tb      testing.TB
	dir     string
	options Options
	args    []string
	mu      sync.Mutex
	process *exec.Cmd
	log     *bytes.Buffer
	ended   chan struct{}
}

// Start starts a server and waits until it answers. Where there is no redis-server the test fails.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	s := prepare(tb, o)
	s.args = s.arguments()
	s.Restart()
	return s
}

// prepare finds a place for a server and sees to its end.
func prepare(tb testing.TB, o Options) *Server {
	tb.Helper()
	dir, err := os.MkdirTemp("", "redis") //nolint:usetesting // tb.TempDir is too long for the path of a socket
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Server{tb: tb, dir: dir, options: o, Socket: filepath.Join(dir, "redis.sock"), Addr: freeAddr(tb)}
	if o.TLS && o.certificates == "" {
		makeCertificates(tb, dir)
		s.options.certificates = dir
	}
	if o.TLS {
		s.CAFile = filepath.Join(s.options.certificates, caFile)
	}
	tb.Cleanup(s.Kill)
	return s
}

// URL returns how a client reaches the server.
func (s *Server) URL() string {
	user := ""
	if s.options.Password != "" {
		user = ":" + url.QueryEscape(s.options.Password) + "@"
	}
	if s.options.TLS {
		return "rediss://" + user + s.Addr + "?ca_file=" + s.CAFile
	}
	return "redis://" + user + s.Addr
}

// Restart starts the server again after Kill, at the same address and with the data that its files
// have.
func (s *Server) Restart() {
	s.tb.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		s.tb.Fatal("redis-server is not installed: `go tool mage doctor` says how to get it")
	}
	process := exec.Command(path, s.args...) //nolint:noctx,gosec // ends by Kill, in the order of clean-ups; the arguments are ours
	log := new(bytes.Buffer)
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		s.tb.Fatalf("start redis-server: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = process.Wait() // its end is what matters, not how
		close(ended)
	}()
	s.mu.Lock()
	s.process, s.log, s.ended = process, log, ended
	s.mu.Unlock()
	s.await()
}

func (s *Server) arguments() []string {
	plain, secure := port(s.Addr), "0"
	if s.options.TLS {
		plain, secure = secure, plain
	}
	args := []string{
		"--bind", "127.0.0.1", "--port", plain, "--dir", s.dir, "--save", "",
		"--unixsocket", s.Socket, "--unixsocketperm", "700", "--maxmemory-policy", "noeviction",
		"--repl-diskless-sync-delay", "0", // a master would wait 5 s for more replicas
	}
	if s.options.TLS {
		args = append(args, "--tls-port", secure)
		for name, value := range s.secure() {
			args = append(args, "--"+name, value)
		}
	}
	if s.options.Password != "" {
		args = append(args, "--requirepass", s.options.Password)
	}
	if s.options.Append {
		args = append(args, "--appendonly", "yes", "--appendfsync", "always")
	}
	return append(args, s.options.Args...)
}

// secure are the settings of TLS, but for the port.
func (s *Server) secure() map[string]string {
	return map[string]string{
		"tls-auth-clients": "no", "tls-replication": "yes", "tls-ca-cert-file": s.CAFile,
		"tls-cert-file": filepath.Join(s.options.certificates, certificateFile),
		"tls-key-file":  filepath.Join(s.options.certificates, keyFile),
	}
}

// await waits until the server answers.
func (s *Server) await() {
	s.tb.Helper()
	s.until("answer", func(ctx context.Context) bool {
		answer, err := s.do(ctx, "PING")
		return err == nil && strings.HasPrefix(answer, "+PONG")
	})
}

// until polls until ok, or fails the test.
func (s *Server) until(what string, ok func(context.Context) bool) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.tb.Context()), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok(ctx) {
		select {
		case <-tick.C:
		case <-s.ended:
			s.tb.Fatalf("redis-server at %s ended:\n%s", s.Addr, s.log)
		case <-ctx.Done():
			s.tb.Fatalf("redis-server at %s does not %s", s.Addr, what)
		}
	}
}

// Kill ends the server as kill -9 does, and waits until it is gone. To kill one that is gone
// already does nothing.
func (s *Server) Kill() {
	s.tb.Helper()
	s.mu.Lock()
	process, ended := s.process, s.ended
	s.mu.Unlock()
	if process == nil {
		return
	}
	if err := process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.tb.Errorf("kill redis-server %d: %v", process.Process.Pid, err)
	}
	select {
	case <-ended:
	case <-time.After(patience):
		s.tb.Errorf("redis-server %d does not end", process.Process.Pid)
	}
}

// Signal sends the server a signal, such as SIGSTOP and SIGCONT.
func (s *Server) Signal(signal syscall.Signal) {
	s.tb.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		s.tb.Fatalf("signal %v to redis-server: %v", signal, err)
	}
}

// Do sends one command over a connection of its own and returns the answer: a text, or the first line
// as it is on the wire: "+OK", ":1", "*2". An answer that is an error fails the test.
func (s *Server) Do(words ...string) string {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.tb.Context()), patience)
	defer cancel()
	answer, err := s.do(ctx, words...)
	if err == nil && strings.HasPrefix(answer, "-") {
		err = errors.New(answer)
	}
	if err != nil {
		s.tb.Fatalf("redis-server at %s, %q: %v", s.Addr, words, err)
	}
	return answer
}

// Calls returns how often the server has run a command, such as "xrange", on its own or for a script.
func (s *Server) Calls(command string) int {
	s.tb.Helper()
	_, found, _ := strings.Cut(s.Do("INFO", "commandstats"), "cmdstat_"+command+":calls=")
	calls, _, _ := strings.Cut(found, ",")
	n, err := strconv.Atoi(calls)
	if err != nil && calls != "" {
		s.tb.Fatalf("redis-server at %s says %q of %s", s.Addr, calls, command)
	}
	return n
}

// list is as Do, for an answer that is a list of texts.
func (s *Server) list(words ...string) []string {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.tb.Context()), patience)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		s.tb.Fatalf("redis-server at %s: %v", s.Addr, err)
	}
	defer func() { _ = conn.Close() }()
	reader, first, err := exchange(conn, words...)
	count, isList := strings.CutPrefix(first, "*")
	n, err2 := strconv.Atoi(count)
	if err = errors.Join(err, err2); err != nil || !isList {
		s.tb.Fatalf("redis-server at %s, %q: %q, %v", s.Addr, words, first, err)
	}
	texts := make([]string, n)
	for i := range texts {
		if texts[i], err = readAnswer(reader); err != nil {
			s.tb.Fatalf("redis-server at %s, %q: %v", s.Addr, words, err)
		}
	}
	return texts
}

func (s *Server) do(ctx context.Context, words ...string) (string, error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	_, answer, err := exchange(conn, words...)
	return answer, err
}

// dial opens a connection of its own.
func (s *Server) dial(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", s.Socket)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		err = conn.SetDeadline(deadline)
	}
	if err == nil && s.options.Password != "" {
		_, _, err = exchange(conn, "AUTH", s.options.Password)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// exchange writes a command and reads the answer, of a list its first line alone.
func exchange(conn net.Conn, words ...string) (rest *bufio.Reader, answer string, err error) {
	var command strings.Builder
	fmt.Fprintf(&command, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := conn.Write([]byte(command.String())); err != nil {
		return nil, "", err
	}
	rest = bufio.NewReader(conn)
	answer, err = readAnswer(rest)
	return rest, answer, err
}

// readAnswer reads a text, or a line of anything else.
func readAnswer(reader *bufio.Reader) (string, error) {
	line, err := reader.ReadString('\n')
	line = strings.TrimSpace(line)
	length, isText := strings.CutPrefix(line, "$")
	if err != nil || !isText || length == "-1" {
		return line, err
	}
	n, err := strconv.Atoi(length)
	if err != nil {
		return "", err
	}
	text := make([]byte, n+len("\r\n"))
	_, err = io.ReadFull(reader, text)
	return string(text[:n]), err
}

func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

// Servers listen on ports from firstPort on, below those that systems give to who asks for any: such a one could
// be taken again before its server has started.
const firstPort, ports = 12_000, 20_000

// begin is where this process begins to look for ports, and no other is likely to; asked is how many it looked at.
var (
	begin = rand.Uint32N(ports) //nolint:gosec // no secret
	asked atomic.Uint32
)

// freeAddr returns a loopback address where nothing listens now, and which it has not returned before.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	var err error
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", firstPort+(begin+asked.Add(1))%ports)
		var listener net.Listener
		if listener, err = net.Listen("tcp", addr); err == nil { //nolint:noctx // closed at once
			_ = listener.Close()
			return addr
		}
	}
	tb.Fatalf("no free port: %v", err)
	return ""
}
