package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"magpie.build/tools/pipeline/internal/watch"
	"magpie.build/tools/pipeline/internal/workspace"
)

// supervisor decides what a change means for whom.
type supervisor struct {
	options Options
	console *console
	watch   *watch.Watcher
	files   *fileCache
	apps    []*app
	broken  bool // the last generate failed
}

func newSupervisor(ctx context.Context, options *Options) (*supervisor, error) {
	if err := options.fill(); err != nil {
		return nil, err
	}
	if _, err := workspace.Load(options.Root); err != nil {
		return nil, err
	}
	s := &supervisor{options: *options, console: newConsole(options), files: newFileCache(options.Root)}
	if err := s.open(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// open claims every public address, reporting all that cannot be had, and begins to watch.
func (s *supervisor) open(ctx context.Context) error {
	var problems []error
	for i, declared := range s.options.Apps {
		a, err := newApp(ctx, &s.options, declared, s.console.of(declared.Name, i))
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", declared.Name, err))
			continue
		}
		s.apps = append(s.apps, a)
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	ignored, err := ignores(s.options.Ignore)
	if err != nil {
		return err
	}
	s.watch, err = watch.New(s.options.Root, ignored)
	return err
}

// ignores returns which files and folders are not watched: what begins with a dot, what matches the globs, and what is generated in most workspaces.
func ignores(globs []string) (func(name string) bool, error) {
	globs = append([]string{"**/dist", "**/node_modules", "**/*_templ.go"}, globs...)
	for _, glob := range globs {
		if !doublestar.ValidatePattern(glob) {
			return nil, fmt.Errorf("malformed glob %q in Ignore", glob)
		}
	}
	return func(name string) bool { return path.Base(name)[0] == '.' || matchesOne(globs, name) }, nil
}

// close frees what was opened before anything ran.
func (s *supervisor) close() {
	for _, a := range s.apps {
		a.close()
	}
	if s.watch != nil {
		s.watch.Close()
	}
}

// run generates and orders the first builds, then answers each batch of changes.
func (s *supervisor) run(ctx context.Context) error {
	s.change(ctx, watch.Batch{}, true)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-s.watch.Batches():
			s.change(ctx, b, false)
		}
	}
}

// change generates if need be and gives each app that the batch concerns its order. The first is the beginning, before anything has changed.
func (s *supervisor) change(ctx context.Context, b watch.Batch, first bool) {
	s.files.forget(b.Names)
	generate, err := s.generate(ctx, b, first)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		report := newReport("generate failed", err.Error())
		for _, a := range s.apps {
			a.fail(report)
		}
		s.broken = true
		return
	}
	repaired := s.broken // nothing else would take the report away
	s.broken = false
	for _, a := range s.apps {
		print, err := s.files.fingerprint(a.declared.Module)
		if err != nil {
			a.fail(newReport("cannot read the sources", err.Error()))
			continue
		}
		rebuild := a.changed(print) || repaired
		if rebuild || matches(a.declared.Watch, b.Names) {
			a.order(order{rebuild: rebuild, detect: b.Detect, generate: generate})
		}
	}
}

// generate runs the generator when the batch holds a file that it reads, and says how long it took.
func (s *supervisor) generate(ctx context.Context, b watch.Batch, first bool) (time.Duration, error) {
	if s.options.Generate == nil || !first && !matches(s.options.GenerateOn, b.Names) {
		return 0, nil
	}
	start := time.Now()
	err := s.options.Generate(ctx, b.Names)
	return time.Since(start), err
}

func matches(globs, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return matchesOne(globs, name) })
}

func matchesOne(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := doublestar.Match(glob, name)
		return ok && err == nil
	})
}

// makeDir makes a folder that only this user may read.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a folder for development: %w", err)
	}
	return nil
}
