package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/cli"
)

func TestMain(m *testing.M) {
	// A program under the race detector rests for a second before it ends; those that tests start need not.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	testscript.Main(leakless{m}, map[string]func(){"tasks": tasks, "tool": tool, "crowd": crowd})
}

// leakless runs the tests and then looks for goroutines that outlived them.
type leakless struct{ m *testing.M }

func (l leakless) Run() int {
	code := l.m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// tasks is what a magefile would be: it runs the tasks of tasks.json in the current folder, which is a list of tasks, or
// an object that holds modules and what is global beside them.
func tasks() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := runTasks(ctx)
	stop()
	var coded interface{ ExitStatus() int }
	switch {
	case err == nil:
	case errors.As(err, &coded):
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(coded.ExitStatus())
	default:
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func runTasks(ctx context.Context) error {
	data, err := os.ReadFile("tasks.json")
	if err != nil {
		return err
	}
	data = bytes.ReplaceAll(data, []byte("$PORT"), []byte(os.Getenv("PORT")))
	var lists struct {
		Global  pipeline.Global
		Modules []pipeline.Module
		Tasks   []pipeline.Task
	}
	if bytes.HasPrefix(data, []byte("[")) {
		err = json.Unmarshal(data, &lists.Tasks)
	} else {
		err = json.Unmarshal(data, &lists)
	}
	if err != nil {
		return err
	}
	declared := []pipeline.Declaration{lists.Global}
	for _, m := range lists.Modules {
		declared = append(declared, m)
	}
	for _, t := range lists.Tasks {
		declared = append(declared, t)
	}
	return cli.Take(&os.Args, declared...).Run(ctx)
}

// crowd runs many tasks in the current folder, and ends badly when something of them is left.
func crowd() {
	if err := runCrowd(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tool stands for the programs that tasks run.
func tool() {
	if err := runTool(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "tool:", err)
		if code, ok := errors.AsType[exitError](err); ok {
			os.Exit(int(code))
		}
		os.Exit(3)
	}
}

func runTool(verb string, args []string) error {
	say(strings.Join(append([]string{verb}, args...), " "))
	switch verb {
	case "copy": // to from...
		var all []byte
		for _, from := range args[1:] {
			data, err := os.ReadFile(from)
			if err != nil {
				return err
			}
			all = append(all, data...)
		}
		if err := os.MkdirAll("out", 0o755); err != nil {
			return err
		}
		return os.WriteFile(args[0], all, 0o644)
	case "script": // an executable file
		return os.WriteFile(args[0], []byte("#!/bin/sh\n"), 0o755)
	case "link": // name text
		_ = os.Remove(args[0])
		return os.Symlink(args[1], args[0])
	case "append": // changes a file in place
		f, err := os.OpenFile(args[0], os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		_, err = f.WriteString("more\n")
		return errors.Join(err, f.Close())
	case "env":
		say(strings.Join(os.Environ(), "\n"))
	case "fail": // [code]
		if len(args) > 0 {
			code, err := strconv.Atoi(args[0])
			return errors.Join(err, exitError(code))
		}
		return errors.New("this always fails")
	case "stumble", "lock", "await", "rest", "serve", "get", "hear", "until":
		return runner(verb, args)
	case "hang": // with a child that hangs too; the child's id goes to a file
		signal.Ignore(os.Interrupt)
		child := exec.CommandContext(context.Background(), os.Args[0], "wait") // it outlives its parent
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			return err
		}
		if err := os.WriteFile(args[0], fmt.Appendf(nil, "%d %d", os.Getpid(), child.Process.Pid), 0o644); err != nil {
			return err
		}
		return child.Wait()
	case "wait":
		deaf := make(chan os.Signal, 1)
		signal.Notify(deaf, os.Interrupt)
		for range deaf {
			continue
		}
	}
	return nil
}

func say(line string) { _, _ = os.Stdout.WriteString(line + "\n") }

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "mode": mode, "only": only},
		Setup: func(e *testscript.Env) error {
			port, err := freePort()
			e.Setenv("PORT", port)
			e.Setenv("GOCACHE", e.WorkDir+"/.gocache")
			e.Setenv("HOME", e.WorkDir+"/.home")
			e.Setenv("GORACE", os.Getenv("GORACE"))
			return err
		},
	})
}
