package pipeline_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// An exitError is one that the tool ends with.
type exitError int

func (e exitError) Error() string { return fmt.Sprint("ends with ", int(e)) }

// runner is what the tool does for tests of how tasks are run.
func runner(verb string, args []string) error {
	switch verb {
	case "stumble": // file n: fails until it has run n times, which it counts in the file
		text, err := os.ReadFile(args[0])
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.WriteFile(args[0], append(text, '.'), 0o644); err != nil {
			return err
		}
		if strconv.Itoa(len(text)+1) != args[1] {
			return errors.New("not yet")
		}
	case "lock": // folder: fails where another has it
		if err := os.Mkdir(args[0], 0o755); err != nil {
			return err
		}
		<-time.After(20 * time.Millisecond) // long enough for another to come
		return os.Remove(args[0])
	case "await": // file
		return poll(func() bool { _, err := os.Stat(args[0]); return err == nil })
	case "until": // file word: waits until the file holds the word
		return poll(func() bool {
			text, err := os.ReadFile(args[0])
			return err == nil && strings.TrimSpace(string(text)) == args[1]
		})
	case "rest": // [file]: makes the file, and rests until it is interrupted
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, os.Interrupt)
		if len(args) > 0 {
			if err := os.WriteFile(args[0], nil, 0o644); err != nil {
				return err
			}
		}
		<-stop
		say("interrupted")
	case "hear":
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		say("heard: " + strings.TrimSpace(line))
		if !errors.Is(err, io.EOF) {
			return err
		}
	case "serve": // address
		return serve(args[0])
	case "get": // url
		err := poll(func() bool {
			response, err := http.Get(args[0]) //nolint:noctx // the test's own server, and poll ends
			if err != nil {
				return false
			}
			_ = response.Body.Close()
			return response.StatusCode == http.StatusOK
		})
		if err == nil {
			say("ok")
		}
		return err
	}
	return nil
}

// serve answers /healthz from a while after its start until it is interrupted.
func serve(addr string) error {
	listener, err := net.Listen("tcp", addr) //nolint:noctx // it ends with the process
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	began := time.Now()
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" || time.Since(began) < 100*time.Millisecond {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	})}
	go func() {
		<-stop
		_ = server.Close()
	}()
	say("serving on " + addr)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// freePort returns a port of this machine that nobody has just now.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // no wait
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}

// poll waits for what is bound to happen.
func poll(happened func() bool) error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		if happened() {
			return nil
		}
	}
	return errors.New("it did not happen within 20 s")
}

// exits is a script's command: a program has to end with this code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program args...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("%v ended with %d, want %s", args[1:], code, args[0])
	}
}

// mode is a script's command: a file has to have these permissions.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode permissions file")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// only is a script's command: a folder has to hold one file, whose name goes to the variable FILE.
func only(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: only folder")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) != 1 {
		ts.Fatalf("%s holds %d files", args[0], len(entries))
	}
	ts.Setenv("FILE", args[0]+"/"+entries[0].Name())
}

// write makes files of a workspace.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
