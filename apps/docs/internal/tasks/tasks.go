// Package tasks reads the task reference of a workspace from its magefile: by asking it, so that
// what is shown is what runs.
package tasks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// A Reference is what a magefile offers.
type Reference struct {
	// Targets are the commands that people type, as "mage -l" lists them.
	Targets []Target
	// Modules are the workspace's modules, and Tasks what can be run in them.
	Modules []Module
	Tasks   []Task
	// Commands are what the command line knows beside tasks, and Flags what it takes.
	Commands []Command
	Flags    []Flag
}

// A Command is something to do that is no task. Without a name it is the run of tasks.
type Command struct {
	Name  string
	Words string
	Help  string
	Flags []string
}

// A Flag is one flag of the command line.
type Flag struct {
	Name   string
	Usage  string
	Help   string
	Group  string
	Preset string
	Words  []string
}

// A Target is a command of the magefile.
type Target struct {
	Name string
	Help string
}

// A Module is a module as the pipeline sees it.
type Module struct {
	Name      string
	Path      string
	DependsOn []string
}

// A Task is a task of one module.
type Task struct {
	ID        string
	Module    string
	Name      string
	Help      string
	Tags      []string
	DependsOn []string
	With      []string
	Commands  [][]string
	GoBuild   []string
	GoTest    []string
	Inputs    []string
	Outputs   []string
	Env       []string
	Set       []string
	Cached    bool

	Persistent, Interactive, Interruptible bool
	// Ready is what tells that a persistent task is up, Timeout how long it may run; empty for nothing.
	Ready, Timeout string
	Retries        int
	Exclusive      []string
}

// Read asks the magefile in root. It returns nil if there is none, and an error that quotes mage
// if it cannot be run.
func Read(ctx context.Context, root string) (*Reference, error) {
	if _, err := os.Stat(filepath.Join(root, "magefile.go")); errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // no magefile is no mistake
	}
	r := &Reference{}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		// One after the other: mage compiles in the workspace's folder.
		for _, args := range [][]string{{"graph", "-json"}, {"graph", "-h", "-json"}} {
			data, err := mage(ctx, root, args...)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(data, r); err != nil {
				return fmt.Errorf("read what mage %s says: %w", strings.Join(args, " "), err)
			}
		}
		return nil
	})
	var list []byte
	group.Go(func() (err error) {
		list, err = mage(ctx, root, "-l")
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	r.Targets = targets(string(list))
	return r, nil
}

func mage(ctx context.Context, root string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", append([]string{"tool", "mage"}, args...)...) //nolint:gosec // the arguments are our own
	command.Dir = root
	command.Env = append(os.Environ(), "GOWORK="+filepath.Join(root, "go.work"), "NO_COLOR=1")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("run go tool mage %s in %s: %w\n%s", strings.Join(args, " "), root, err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// targets reads the list that mage prints: an indented name and its help on each line.
func targets(list string) []Target {
	var found []Target
	_, list, _ = strings.Cut(list, "Targets:")
	for line := range strings.Lines(list) {
		name, help, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(line, "  ") || name == "" {
			continue
		}
		found = append(found, Target{Name: strings.TrimSuffix(name, "*"), Help: strings.TrimSpace(help)})
	}
	return found
}
