package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"go.uber.org/goleak"

	"magpie.build/tools/pipeline"
)

// runCrowd runs the tasks of the workspace in the current folder again and again. The error says what is left behind.
func runCrowd(ctx context.Context) error {
	modules, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return err
	}
	marker := fmt.Sprintf("86400.%d", os.Getpid()) // seconds
	chatter := `sleep ` + marker + ` >/dev/null 2>&1 </dev/null & i=0
		while [ $i -lt 10 ]; do printf "${PWD##*/} "; printf "out 0123456789\n"; printf "${PWD##*/} err 0123456789\n" >&2; i=$((i+1)); done`
	task := func(name, script string, dependsOn ...string) pipeline.Task {
		return pipeline.Task{Name: name, DependsOn: dependsOn, Inputs: []string{"go.mod"}, Commands: [][]string{{"sh", "-c", chatter + "\n" + script}}}
	}
	lint := task("lint", "", "generate")
	lint.Exclusive, lint.Retries = []string{"linter"}, 1
	bad := task("bad", "[ ${PWD##*/} != m7 ]")
	p, err := pipeline.New(".", task("generate", ""), task("build", "", "generate", "^build"), task("test", "", "build"), lint, task("vet", "", "build"), bad)
	if err != nil {
		return err
	}
	all := pipeline.Options{Tasks: []string{"build", "test", "lint", "vet"}, Concurrency: 20}
	forced, failing, cancelled := all, pipeline.Options{Tasks: []string{"bad"}, Concurrency: 20}, all
	forced.Force, cancelled.Force = true, true
	if err := p.Run(ctx, pipeline.Options{Tasks: []string{"m0#generate"}}); err != nil { // opens what stays open
		return err
	}
	goroutines := goleak.IgnoreCurrent()
	descriptors, err := openDescriptors()
	if err != nil {
		return err
	}
	for _, round := range []struct {
		name    string
		options pipeline.Options
		want    func(error) bool
	}{
		{"all run", all, func(err error) bool { return err == nil }},
		{"all cached", all, func(err error) bool { return err == nil }},
		{"all run again", forced, func(err error) bool { return err == nil }},
		{"one fails", failing, func(err error) bool { return modules > 7 && err != nil }},
		{"cancelled", cancelled, func(err error) bool { return errors.Is(err, context.Canceled) }},
	} {
		ctx, cancel := context.WithCancel(ctx)
		if round.name == "cancelled" {
			round.options.Stdout = &canceller{after: 1000, cancel: cancel}
		}
		err := p.Run(ctx, round.options)
		cancel()
		if !round.want(err) {
			return fmt.Errorf("%s: %w", round.name, err)
		}
		if err := goleak.Find(goroutines); err != nil {
			return fmt.Errorf("%s: %w", round.name, err)
		}
		if now, err := openDescriptors(); err != nil || now > descriptors {
			return fmt.Errorf("%s: %d descriptors are open, %d were before (%w)", round.name, now, descriptors, err)
		}
		if err := poll(func() bool { return len(processes(marker)) == 0 }); err != nil {
			return fmt.Errorf("%s: processes %v are left", round.name, processes(marker))
		}
	}
	return nil
}

// A canceller cancels once it has seen so many bytes.
type canceller struct {
	after  int
	cancel context.CancelFunc
}

func (c *canceller) Write(data []byte) (int, error) {
	if c.after -= len(data); c.after < 0 {
		c.cancel()
	}
	return len(data), nil
}

func openDescriptors() (int, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	return len(entries), err
}

// processes returns the ids of those whose command line holds a marker.
func processes(marker string) []string {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is well-formed
	var ids []string
	for _, file := range found {
		if line, err := os.ReadFile(file); err == nil && bytes.Contains(line, []byte("\x00"+marker)) {
			ids = append(ids, filepath.Base(filepath.Dir(file)))
		}
	}
	return ids
}
