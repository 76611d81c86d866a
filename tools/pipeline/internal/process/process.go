// Package process runs commands so that they can be ended whole: each in a process group (on Windows, a
// process tree) of its own.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Grace is how long a command that was asked to end may take before it is killed. It is less than the
// five seconds that mage grants its targets.
const Grace = 3 * time.Second

// drain is how long to wait for output of grandchildren that outlive a command.
const drain = 500 * time.Millisecond

// A Command is what to run. The zero value is not useful: Args and Dir are needed.
type Command struct {
	Args   []string
	Dir    string
	Env    []string
	Output io.Writer
	// Input is standard input. Nil means there is nothing to read. A command with Input shares our process group, because a terminal lets no
	// other read from it; it alone, not its children, is ended when ctx is cancelled.
	Input *os.File
	// Guard ends the command with all that it starts when we are killed. Nil means that nobody does.
	Guard *Guard
}

// ErrMissing is wrapped by Run's error when there is no such program.
var ErrMissing = errors.New("program not found")

// Run runs the command and waits for it. When ctx is cancelled its whole group is interrupted, and killed
// after [Grace]; then the error is ctx's. A command that ends with another code than 0 gives an [*exec.ExitError].
func Run(ctx context.Context, c Command) error {
	program, err := lookPath(c.Args[0], c.Dir, c.Env)
	if err != nil {
		return err
	}
	// The context is not the command's: exec would kill the child and leave its children.
	cmd := &exec.Cmd{Path: program, Args: c.Args, Dir: c.Dir, Env: c.Env, Stdout: c.Output, Stderr: c.Output, WaitDelay: drain}
	if c.Input != nil {
		cmd.Stdin = c.Input
	}
	group, err := start(cmd, c.Input != nil)
	if err != nil {
		return fmt.Errorf("start %s: %w", c.Args[0], err)
	}
	if c.Input == nil {
		c.Guard.add(group.id)
		defer c.Guard.remove(group.id)
	}
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		group.endWhen(ctx.Done(), done)
	}()
	err = cmd.Wait()
	close(done)
	<-ended
	// What is left of the group would go on writing outputs behind our back.
	group.sweep()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

// endWhen interrupts the group once stop is closed and kills it after the grace, unless done is closed first.
func (g *group) endWhen(stop, done <-chan struct{}) {
	select {
	case <-done:
		return
	case <-stop:
	}
	g.interrupt()
	grace := time.NewTimer(Grace)
	defer grace.Stop()
	select {
	case <-done:
	case <-grace.C:
		g.kill()
	}
}

// lookPath finds the program on the PATH of the environment it will run in, not of ours.
func lookPath(name, dir string, env []string) (string, error) {
	if strings.ContainsAny(name, `/\`) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, filepath.FromSlash(name))
		}
		program, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("%w: %s", ErrMissing, name)
		}
		return program, nil
	}
	for _, v := range env {
		list, ok := strings.CutPrefix(v, "PATH=")
		if !ok {
			continue
		}
		for _, folder := range filepath.SplitList(list) {
			if !filepath.IsAbs(folder) {
				continue
			}
			if program, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
				return program, nil
			}
		}
	}
	return "", fmt.Errorf("%w: %q is in no folder of PATH%s", ErrMissing, name, remedy(name))
}

// remedy says how to get a program that is often missing.
func remedy(name string) string {
	switch name {
	case "go":
		return "\nhint: install Go from https://go.dev/dl and put its bin folder on PATH"
	case "git":
		return "\nhint: install git from your system's packages or https://git-scm.com"
	}
	return fmt.Sprintf("\nhint: install %s and put its folder on PATH; `go tool mage doctor` knows what this workspace wants", name)
}
