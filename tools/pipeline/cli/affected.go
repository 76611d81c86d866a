package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"magpie.build/tools/pipeline"
)

// The exit codes of affected with -exit-code, as Turborepo has them.
const (
	exitAffected = 1
	exitError    = 2
)

// An affectedError is a mistake of a command whose exit code 1 means something else.
type affectedError struct{ error }

// ExitStatus is what mage ends with.
func (affectedError) ExitStatus() int { return exitError }

// Unwrap returns the mistake.
func (e affectedError) Unwrap() error { return e.error }

// showAffected writes the tasks that a change reaches, and why.
func showAffected(ctx context.Context, c *CLI, s *settings, words []string) error {
	found, err := c.affected(ctx, s, words)
	if err == nil {
		err = writeAffected(s, found)
	}
	if err != nil {
		return affectedError{err}
	}
	if s.exitCode && len(found) > 0 {
		os.Exit(exitAffected) //nolint:forbidigo // the answer is no error, and mage would call it one
	}
	return nil
}

func (c *CLI) affected(ctx context.Context, s *settings, words []string) ([]pipeline.AffectedTask, error) {
	p, err := c.open()
	if err != nil {
		return nil, err
	}
	if err := c.knowsTasks(words); err != nil {
		return nil, err
	}
	s.Dir, s.Tasks = c.folder, words
	return p.Affected(ctx, s.Options)
}

func writeAffected(s *settings, found []pipeline.AffectedTask) error {
	if !s.json {
		return writeTable(func(row func(...string)) {
			for _, t := range found {
				row(t.ID, because(t))
			}
		})
	}
	modules := []string{}
	for _, t := range found {
		modules = append(modules, t.Module)
	}
	slices.Sort(modules)
	return writeJSON(struct {
		Modules []string                `json:"modules"`
		Tasks   []pipeline.AffectedTask `json:"tasks"`
	}{slices.Compact(modules), found})
}

// because says in a few words why a change reaches a task.
func because(t pipeline.AffectedTask) string {
	switch {
	case t.Dependency != "":
		return "by " + t.Dependency
	case len(t.Files) > 3:
		return fmt.Sprintf("%s and %d more files", strings.Join(t.Files[:3], " "), len(t.Files)-3)
	case len(t.Files) > 0:
		return strings.Join(t.Files, " ")
	}
	return string(t.Reason)
}
