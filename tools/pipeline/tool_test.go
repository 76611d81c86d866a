package pipeline_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
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
	}
	return nil
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
