package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asServer in the environment makes the test binary the server: so tests run what was just compiled,
// with the race detector where they have it.
const asServer = "MAGPIE_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// server is a running server.
type server struct {
	t       *testing.T
	command *exec.Cmd
	exited  chan error
	log     *logBuffer
	// url, adminURL and apiURL are where it listens; the last is empty without a key.
	url, adminURL, apiURL string
}

// start runs a server with the given environment on ports of its own choice, until the test ends. An
// environment that names ADDR overrides the choice.
func start(t *testing.T, env ...string) *server {
	t.Helper()
	s := launch(t, append([]string{"ADDR=127.0.0.1:0", "ADMIN_ADDR=127.0.0.1:0", "API_ADDR=127.0.0.1:0"}, env...)...)
	deadline := time.After(patience)
	for s.url == "" || s.adminURL == "" {
		select {
		case line := <-s.log.lines:
			switch line.Message {
			case "server is listening":
				s.url = line.URL
			case "admin is listening":
				s.adminURL = line.URL
			case "api is listening":
				s.apiURL = line.URL
			}
		case err := <-s.exited:
			t.Fatalf("the server ended at once: %v\n%s", err, s.log)
		case <-deadline:
			t.Fatalf("the server does not listen\n%s", s.log)
		}
	}
	return s
}

// launch runs a server and waits for nothing.
func launch(t *testing.T, env ...string) *server {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, log: newLogBuffer(), exited: make(chan error, 1)}
	s.command = exec.CommandContext(t.Context(), path)
	s.command.Dir = t.TempDir()
	s.command.Env = append([]string{asServer + "=1", "LOG_FORMAT=json", "GORACE=atexit_sleep_ms=0"}, env...)
	stderr, err := s.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.log.read(stderr)
		s.exited <- s.command.Wait()
	}()
	t.Cleanup(s.kill)
	return s
}

// stop ends the server as an orchestrator does, and fails the test unless it ends well.
func (s *server) stop() {
	s.t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.wait(); err != nil {
		s.t.Fatalf("the server ended badly: %v\n%s", err, s.log)
	}
}

// kill ends the server as an accident does.
func (s *server) kill() {
	_ = s.command.Process.Kill() // it may have ended by itself
	_ = s.wait()
}

// wait returns how the server ended.
func (s *server) wait() error {
	select {
	case err := <-s.exited:
		s.exited <- err // for whoever asks next
		return err
	case <-time.After(patience):
		s.t.Errorf("the server does not end\n%s", s.log)
		return nil
	}
}

// logBuffer keeps what a server logs.
type logBuffer struct {
	lines chan logLine

	mu   sync.Mutex
	text bytes.Buffer
}

type logLine struct {
	Message string `json:"msg"`
	URL     string `json:"url"`
}

func newLogBuffer() *logBuffer { return &logBuffer{lines: make(chan logLine, 64)} }

func (l *logBuffer) read(r io.Reader) {
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		l.mu.Lock()
		l.text.WriteString(scanner.Text() + "\n")
		l.mu.Unlock()
		var line logLine
		if json.Unmarshal(scanner.Bytes(), &line) == nil && line.URL != "" {
			l.lines <- line
		}
	}
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
