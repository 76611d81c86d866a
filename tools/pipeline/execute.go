package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/process"
)

// execute runs a task, again where it fails and may be retried, and stores what it made.
func (s *session) execute(ctx context.Context, n *node, key hash.Key) ending {
	s.sayChanged()
	if err := s.awaitServices(ctx, n); err != nil {
		return ending{err: err}
	}
	if waited, err := s.turn.take(ctx); err != nil {
		return ending{err: err}
	} else if waited {
		return s.perform(ctx, n)
	}
	for tries := 1; ; tries++ {
		e := s.attempt(ctx, n, key)
		if e.err == nil || tries > n.Retries || ctx.Err() != nil {
			return e
		}
		s.printer.Warn("%s failed and is tried again (%d of %d): %v", n.id, tries, n.Retries, e.err)
	}
}

func (s *session) attempt(ctx context.Context, n *node, key hash.Key) ending {
	e, outputs := s.produce(ctx, n, key)
	if e.err != nil && !errors.Is(e.err, errStale) {
		return e
	}
	s.settle(n, key, outputs)
	if s.cacheable(n) && s.options.access.write {
		recipe := cache.Recipe{Task: n.id, Duration: e.took, Log: e.log}
		s.keeper.add(product{
			what: n.id, key: key,
			again: func() (hash.Key, error) { return s.key(n) },
			store: func() error {
				s.note(n, key)
				return s.cache.Store(key, recipe, outputs)
			},
		})
	}
	return e
}

// produce runs a task once and returns what it made.
func (s *session) produce(ctx context.Context, n *node, key hash.Key) (ending, []cache.Output) {
	before, err := s.clear(n)
	if err != nil {
		return ending{err: err}, nil
	}
	watched, err := s.watched(n)
	if err != nil {
		return ending{err: err}, nil
	}
	s.past.read()
	s.announce(n, key)
	log := s.log(n, 0)
	ahead := s.compiler.prepare(ctx, n)
	started := time.Now()
	err = s.runWithInput(ctx, watched.node, log)
	took := ahead + time.Since(started)
	e := ending{err: err, log: log.Close(), took: took}
	s.pipeline.written(n)
	if ctx.Err() != nil {
		e.err = context.Cause(ctx)
	}
	if e.err != nil {
		return e, nil
	}
	outputs, err := s.outputs(n)
	if err != nil {
		e.err = err
		return e, nil
	}
	if e.err = watched.undeclared(n, nil); e.err != nil {
		return e, nil
	}
	if len(outputs) == 0 && !n.outputs.Empty() {
		s.printer.Warn("%s made none of its outputs: %s", n.id, strings.Join(n.Outputs, " "))
	}
	if s.options.Frozen && n.Committed {
		e.err = stale(different(before, outputs))
	}
	return e, outputs
}

// runWithInput runs a task, an interactive one with the terminal if there is one: it has to see that it talks with a person.
func (s *session) runWithInput(ctx context.Context, n *node, log io.Writer) error {
	if n.Interactive {
		if terminal, giveBack := s.printer.Lend(); terminal != nil {
			defer giveBack()
			log = terminal
		}
	}
	return n.runFor(ctx, s.call(n, log))
}

func (s *session) call(n *node, output io.Writer) Call {
	w := s.pipeline.workspace
	c := Call{Root: w.Root, Dir: n.module.Dir, Module: n.member(), Args: n.args, Env: append(s.environment(n), turnVariable+"="+w.Root), Output: output, guard: s.guard}
	if n.Interactive {
		c.Input = os.Stdin
	}
	return c
}

// ErrTimeout is wrapped by the error of a task that took longer than its [Task.Timeout].
var ErrTimeout = errors.New("took longer than it may")

// runFor runs the task for as long as it may take.
func (n *node) runFor(ctx context.Context, c Call) error {
	if n.Timeout <= 0 {
		return n.run(ctx, c)
	}
	limit := fmt.Errorf("%w: %s", ErrTimeout, n.Timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, n.Timeout, limit)
	defer cancel()
	if err := n.run(ctx, c); ctx.Err() == nil || err == nil {
		return err
	}
	return context.Cause(ctx)
}

// run does what the task is there for.
func (n *node) run(ctx context.Context, c Call) error {
	if n.Func != nil {
		return n.Func(ctx, c)
	}
	really := n.Commands
	if n.really != nil {
		really = n.really
	}
	for i, args := range really {
		if err := c.run(ctx, n.Commands[i], args); err != nil {
			return err
		}
	}
	return nil
}

// Run runs a program in the module's folder, with the task's environment and its output. Cancelling ctx ends it with all that it started. The
// error names the command.
func (c Call) Run(ctx context.Context, args ...string) error { return c.run(ctx, args, args) }

// run is Run for a command that people know by other words.
func (c Call) run(ctx context.Context, words, args []string) error {
	err := process.Run(ctx, process.Command{Args: args, Dir: c.Dir, Env: c.Env, Output: c.Output, Input: c.Input, Guard: c.guard})
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(words, " "), err)
	}
	return nil
}

// what says what a task does, for people.
func (n *node) what() string {
	if n.Func != nil {
		return n.Help
	}
	var lines []string
	for _, args := range n.Commands {
		lines = append(lines, strings.Join(args, " "))
	}
	return strings.Join(lines, " && ")
}
