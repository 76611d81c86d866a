package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

const exeSuffix = ".exe"

// become runs a program in place of this process and returns its exit code. Ctrl-C reaches the program by itself, as the
// two share a console; this process waits for what the program makes of it.
func become(ctx context.Context, program string, args, env []string) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	defer signal.Stop(signals)
	child := exec.CommandContext(ctx, program)
	child.Args, child.Env = args, env
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := child.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exitError(exit.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("run the magefile: %w", err)
	}
	return exitError(0)
}
