package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"magpie.build/tools/pipeline/internal/workspace"
)

// supervisor decides what a change means for whom.
type supervisor struct {
	options Options
	console *console
	watch   *watcher
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
	watch, err := newWatcher(s.options.Root, s.options.Ignore)
	s.watch = watch
	return err
}

// close frees what was opened before anything ran.
func (s *supervisor) close() {
	for _, a := range s.apps {
		a.close()
	}
	if s.watch != nil {
		s.watch.close()
	}
}

// run generates and orders the first builds, then answers each batch of changes.
func (s *supervisor) run(ctx context.Context) error {
	s.change(ctx, batch{first: true})
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-s.watch.batches:
			s.change(ctx, b)
		}
	}
}

// change generates if need be and gives each app that the batch concerns its order.
func (s *supervisor) change(ctx context.Context, b batch) {
	s.files.forget(b.names)
	generate, err := s.generate(ctx, b)
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
		if rebuild || matches(a.declared.Watch, b.names) {
			a.order(order{rebuild: rebuild, detect: b.detect, generate: generate})
		}
	}
}

// generate runs the generator when the batch holds a file that it reads, and says how long it took.
func (s *supervisor) generate(ctx context.Context, b batch) (time.Duration, error) {
	if s.options.Generate == nil || !b.first && !matches(s.options.GenerateOn, b.names) {
		return 0, nil
	}
	start := time.Now()
	err := s.options.Generate(ctx, b.names)
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
