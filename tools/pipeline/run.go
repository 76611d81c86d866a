package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/output"
	"magpie.build/tools/pipeline/internal/run"
)

// Options say what to run and how. Only Tasks is needed.
type Options struct {
	// Tasks are names ("build"), for all chosen modules that have them, or single tasks ("apps/docs#site").
	Tasks []string
	// Filter chooses, selector by selector, what the names in Tasks stand for: "apps/server...", "[main]",
	// "tag:slow", "!tools/*". Selectors are joined by commas or come one by one. None means all.
	Filter []string
	// Affected chooses, among these, what a change since Base reaches: the tasks with an input that differs, and those that depend on them.
	Affected bool
	// Base is the git revision that Affected compares with, from where Head left it. Empty means MAGPIE_SCM_BASE, else the base branch of a pull
	// request on GitHub, else main or master.
	Base string
	// Head is the other side of that comparison. Empty means MAGPIE_SCM_HEAD, else the working tree with what is not committed yet.
	Head string
	// Concurrency is how many tasks run at once. Zero means one a processor.
	Concurrency int
	// Force runs tasks whose results are in the cache, and stores them again.
	Force bool
	// Dry only says what would be done, on Stdout.
	Dry bool
	// Frozen fails tasks whose committed outputs were not fresh, naming the files. They are renewed all the same.
	Frozen bool
	// Stdout takes what tasks print, Stderr what the run says of itself. Nil means the process's own.
	Stdout, Stderr io.Writer
	// Env is the environment to choose from for tasks, as [os/exec.Cmd] takes it. Nil means the process's own.
	Env []string
}

// An Error says that a run did not succeed. What went wrong has been written to Stderr in full by then.
type Error struct {
	// Failed are the tasks that failed, as "module#task", in the order in which they did.
	Failed []string
	// Interrupted is why the run was cut short, nil where it was not.
	Interrupted error
}

// Error returns one line.
func (e *Error) Error() string {
	switch {
	case e.Interrupted != nil:
		return "interrupted"
	case len(e.Failed) == 1:
		return e.Failed[0] + " failed"
	}
	return fmt.Sprintf("%d tasks failed: %s", len(e.Failed), strings.Join(e.Failed, ", "))
}

// Unwrap returns why the run was cut short.
func (e *Error) Unwrap() error { return e.Interrupted }

// ExitStatus is the code for the process to end with: 130 after an interruption, as shells have it, else 1.
func (e *Error) ExitStatus() int {
	if e.Interrupted != nil {
		return 130
	}
	return 1
}

// Run runs the tasks that are asked for, with what they depend on, and writes one closing line. The
// error is an [*Error] where tasks failed or ctx was cancelled; another where nothing was run. SIGTERM cancels
// like ctx. When Run returns, no process that it started is left.
func (p *Pipeline) Run(ctx context.Context, o Options) error {
	started := time.Now()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	o.fill()
	chosen, err := p.choose(ctx, o)
	if err != nil {
		return err
	}
	s := newSession(ctx, p, o, chosen)
	s.forget() // the workspace may have changed since New, or an earlier Run
	if o.Dry {
		return s.dry(ctx)
	}
	s.openCache()
	shown, hide := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.printer.Progress(shown, s.progress)
	}()
	results := run.All(ctx, chosen, o.Concurrency, s.do)
	hide()
	<-done
	if s.cache != nil {
		s.saveIndex()
	}
	return s.finish(ctx, results, time.Since(started))
}

func (o *Options) fill() {
	if o.Concurrency <= 0 {
		o.Concurrency = runtime.GOMAXPROCS(0)
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
	if o.Env == nil {
		o.Env = os.Environ()
	}
}

// openCache opens the cache, or warns once and leaves the run without one.
func (s *session) openCache() {
	c, err := cache.Open(s.pipeline.workspace.Root, s.pipeline.state)
	if err != nil {
		s.printer.Warn("nothing is cached in this run: %v\nhint: make %s writable", err, s.pipeline.state)
		return
	}
	c.Sweep()
	s.cache = c
}

func (s *session) saveIndex() {
	if err := errors.Join(s.pipeline.index.Save(), s.pipeline.headers.Save()); err != nil {
		s.printer.Warn("the next run reads all files again: %v", err)
	}
}

// finish repeats failures in full, says what was skipped because of them, and closes with one line.
func (s *session) finish(ctx context.Context, results []run.Result[string], took time.Duration) error {
	var counts struct{ all, cached, ran, failed, skipped int }
	e := &Error{}
	for _, r := range results {
		t := s.ended[r.Node]
		switch {
		case s.pipeline.nodes[r.Node].isGroup():
			continue
		case r.Status == run.Skipped:
			counts.skipped++
		case r.Status == run.Failed:
			counts.failed++
			e.Failed = append(e.Failed, r.Node)
		case t.hit:
			counts.cached++
		default:
			counts.ran++
		}
		counts.all++
	}
	if ctx.Err() != nil {
		e.Interrupted = context.Cause(ctx)
	} else {
		s.repeatFailures(e.Failed)
	}
	for _, r := range results {
		if r.Status == run.Skipped && r.Because != "" && !s.pipeline.nodes[r.Node].isGroup() {
			s.printer.Say("%s: not run, because %s failed", r.Node, r.Because)
		}
	}
	line := fmt.Sprintf("%d tasks: %d cached, %d run, %d failed", counts.all, counts.cached, counts.ran, counts.failed)
	if counts.skipped > 0 {
		line += fmt.Sprintf(", %d not run", counts.skipped)
	}
	s.printer.Say("%s (%s)", line, output.Duration(took))
	if e.Interrupted == nil && len(e.Failed) == 0 {
		return nil
	}
	return e
}

func (s *session) repeatFailures(failed []string) {
	for _, id := range failed {
		t := s.ended[id]
		s.printer.Fail("\n%s failed: %v", id, t.err)
		s.printer.Repeat(id, t.log)
	}
}

// errInterrupted is how a task ends that the run's cancellation ended.
var errInterrupted = errors.New("interrupted")
