package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/run"
)

// Options say what to run and how. Only Tasks is needed.
type Options struct {
	// Tasks are names ("build"), for all chosen modules that have them, or single tasks ("apps/docs#site").
	Tasks []string
	// Args are arguments for the commands of these tasks, and no others: each command ends in them. They are part of the keys of the
	// tasks that get them.
	Args []string
	// Filter chooses, selector by selector, what the names in Tasks stand for: "apps/server...", "[main]",
	// "tag:slow", "!tools/*". Selectors are joined by commas or come one by one. None means all.
	Filter []string
	// Dir is the folder that somebody stands in, relative to the root: relative paths in Filter start there, and a range
	// without anything else looks only at its module. Empty means the root.
	Dir string
	// Affected chooses, among these, what a change since Base reaches: the tasks with an input that differs, and those that depend on them.
	Affected bool
	// Base is the git revision that Affected compares with, from where Head left it. Empty means MAGPIE_SCM_BASE, else on GitHub the base
	// branch of a pull request or the commit that was pushed onto, else main or master.
	Base string
	// Head is the other side of that comparison. Empty means MAGPIE_SCM_HEAD, else the working tree with what is not committed yet.
	Head string
	// Only leaves out what the chosen tasks depend on. What lies there of it becomes part of their keys.
	Only bool
	// Concurrency is how many tasks run at once. Zero means one a processor.
	Concurrency int
	// Continue says what a failure means for the other tasks. Empty means [ContinueNever].
	Continue Continue
	// Force runs tasks whose results are in the cache, and stores them again.
	Force bool
	// Undeclared watches the commands of tasks that run, and fails those that open files of the workspace which are not among their
	// inputs, naming them. It needs strace, on Linux, but no rights. Tests kept by package are not watched.
	Undeclared bool
	// Verify is the share, 0 to 1, of the tasks in the cache that are run again all the same, chosen at random, to see whether they
	// make what is kept. One that makes something else fails, and what was kept of it is put aside.
	Verify float64
	// Cache says what the run may do with which cache: "local:rw", which empty means too; "local:r" stores nothing,
	// "local:w" takes nothing, "local:" does neither.
	Cache string
	// CacheMaxAge and CacheMaxSize, in bytes, are what the cache is cut down to, once a day: artifacts not used for so
	// long go, then those not used for the longest time. Zero means 30 days and 10 GiB, less than zero no limit.
	CacheMaxAge  time.Duration
	CacheMaxSize int64
	// Fresh says that New was called just now, and that Run need not look again at the files that New looked at.
	// Without it, what changed since is seen.
	Fresh bool
	// Dry only says what would be done, on Stdout.
	Dry bool
	// DryJSON makes it a JSON object with the fields of Turborepo's dry runs: of each task its key, its inputs with their hashes, and what the
	// cache has for it.
	DryJSON bool
	// Frozen fails tasks whose committed outputs were not fresh, naming the files. They are renewed all the same.
	Frozen bool
	// OutputLogs says which tasks' output is shown, and goes before what the tasks say themselves. Empty means
	// [Task.OutputLogs], and where that is empty, [OutputNewOnly].
	OutputLogs OutputLogs
	// LogOrder is the order of output, LogPrefix what stands before its lines. Empty means auto.
	LogOrder  LogOrder
	LogPrefix LogPrefix
	// JSON writes everything as events to Stdout, one JSON object a line, instead of text: timestamp in milliseconds, source
	// ("magpie" or "module#task"), level (info, warn, error, stdout) and text.
	JSON bool
	// LogFile is a file for the same events, as a JSON array that is complete at every moment and readable by its owner alone. It is relative to the
	// root and must lie in it; "auto" means a new file in .magpie/logs. Empty means none.
	LogFile string
	// Summarize keeps what the run did as a JSON file in .magpie/runs, with the field names of Turborepo's run summaries.
	Summarize bool
	// Profile is a file for when each task ran, in Chrome's Trace Event Format. It is relative to the root and must lie in it; "auto" means a new
	// file in .magpie/runs. Empty means none.
	Profile string
	// Stdout takes what tasks print, Stderr what the run says of itself. Nil means the process's own.
	Stdout, Stderr io.Writer
	// Env is the environment to choose from for tasks, as [os/exec.Cmd] takes it. Nil means the process's own.
	Env []string

	access access
}

// Run runs the tasks that are asked for, with what they depend on, and writes one closing line. The
// error is an [*Error] where tasks failed or ctx was cancelled; another where nothing was run. SIGTERM cancels
// like ctx, and so does SIGHUP, which comes when a terminal is closed. When Run returns, no process that it started is left.
func (p *Pipeline) Run(ctx context.Context, o Options) error {
	started := p.opened
	if !o.Fresh {
		started = time.Now()
	}
	ctx, stop := signal.NotifyContext(ctx, endings()...)
	defer stop()
	if err := o.fill(); err != nil {
		return err
	}
	if !o.Fresh {
		p.forget()
	}
	if o.Profile != "" && o.Profile != auto {
		if _, err := p.inside(o.Profile); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
	}
	s, err := p.begin(ctx, o)
	if err != nil {
		return err
	}
	file, err := p.openLogFile(o)
	if err != nil {
		return err
	}
	s.printer = newPrinter(o, file)
	defer closeLogFile(file, s.printer)
	if o.Dry {
		return s.dry(ctx)
	}
	s.services = newServices(ctx, s.printer)
	results := s.run(ctx, s.work)
	return s.finish(ctx, results, started)
}

// endings are the signals that cancel a run. Who started it with SIGHUP ignored wants it to outlive its terminal.
func endings() []os.Signal {
	if signal.Ignored(syscall.SIGHUP) {
		return []os.Signal{syscall.SIGTERM}
	}
	return []os.Signal{syscall.SIGTERM, syscall.SIGHUP}
}

// begin returns a session with what the options ask for. It has no printer yet.
func (p *Pipeline) begin(ctx context.Context, o Options) (*session, error) {
	asked, err := p.asked(ctx, o)
	if err != nil {
		return nil, err
	}
	chosen := p.around(asked, o.Only)
	passed, err := p.pass(o.Args, asked)
	if err != nil {
		return nil, err
	}
	if err := p.checkInput(chosen); err != nil {
		return nil, err
	}
	s := newSession(ctx, p, o, chosen, nil)
	s.asked, s.passed = asked, passed
	return s, nil
}

// run does the work with what belongs around it: the cache, the line that shows what runs, and what is kept for the next run.
func (s *session) run(ctx context.Context, work func(context.Context) []run.Result[string]) []run.Result[string] {
	s.openCache()
	shown, hide := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.printer.Progress(shown, s.progress)
	}()
	s.keeper = newKeeper(s)
	results := work(ctx)
	var guard sync.WaitGroup
	guard.Go(s.guard.Close) // which waits for a process to end
	s.turn.end()
	s.keeper.close()
	guard.Wait()
	if s.cache != nil {
		s.evict()
	}
	hide()
	<-done
	if s.cache != nil {
		s.saveIndex()
		s.saveDurations(results)
	}
	return results
}

// work works through the graph, waits for the persistent tasks that stay up, and ends the others. One that fails ends the work.
func (s *session) work(ctx context.Context) []run.Result[string] {
	work, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	s.services.begin(s, func(one *service) { abort(&serviceError{one.node.id}) })
	results := run.All(work, s.graph, s.plan(), s.do)
	s.turn.end()
	stopped := func(r run.Result[string]) bool { return r.Status == run.Failed || r.Status == run.Cancelled }
	if s.goesOn() || !slices.ContainsFunc(results, stopped) {
		s.services.linger(work)
	}
	s.services.close()
	if cause, ok := errors.AsType[*serviceError](context.Cause(work)); ok {
		for i, r := range results {
			if r.Because == "" && (r.Status == run.Skipped || r.Status == run.Cancelled) {
				results[i].Because = cause.id
			}
		}
	}
	return results
}

// A serviceError is why the work ends when a persistent task fails.
type serviceError struct{ id string }

func (e *serviceError) Error() string { return "stopped because " + e.id + " failed" }

// goesOn reports whether a failure leaves others running.
func (s *session) goesOn() bool {
	return s.options.Continue == ContinueDependenciesSuccessful || s.options.Continue == ContinueAlways
}

func (o *Options) fill() error {
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
	if err := o.checkCache(); err != nil {
		return err
	}
	return o.checkModes()
}

// plan says how to work through the graph.
func (s *session) plan() run.Options[string] {
	policies := map[Continue]run.Continue{ContinueDependenciesSuccessful: run.DependenciesSuccessful, ContinueAlways: run.Always}
	o := run.Options[string]{
		Workers: s.options.Concurrency, Continue: policies[s.options.Continue],
		Exclusive: func(id string) []string { return s.node(id).exclusive() },
		Ended:     s.services.settled,
		Costs:     s.costs,
	}
	if len(s.services.needers) > 0 {
		o.Light = func(id string) bool { return s.node(id).Persistent }
	}
	return o
}

// costs is what the tasks of the run are expected to take, in seconds; nil as long as none has run.
func (s *session) costs() map[string]float64 {
	if !s.past.known() {
		return nil
	}
	var nodes []*node
	for _, id := range s.graph.Nodes() {
		nodes = append(nodes, s.node(id))
	}
	return s.past.costs(nodes)
}

// openCache opens the cache, or warns once and leaves the run without one.
func (s *session) openCache() {
	c, err := s.pipeline.openCaches()
	if err != nil {
		s.printer.Warn("nothing is cached in this run: %v\nhint: make %s writable", err, s.pipeline.state)
		return
	}
	c.Sweep()
	s.cache = c
}

// saveDurations keeps what the tasks that ran and succeeded took, for the order of later runs.
func (s *session) saveDurations(results []run.Result[string]) {
	took := make(map[string]float64)
	for _, r := range results {
		if e := s.ended[r.Node]; r.Status == run.Succeeded && !e.hit && e.took > 0 {
			took[r.Node] = e.took.Seconds()
		}
	}
	if err := s.past.save(took); err != nil {
		s.printer.Warn("the next run does not know what takes long: %v", err)
	}
}

// exclusive is what a task wants for itself. Standard input is one such thing; a name in [Task.Exclusive] cannot be empty.
func (n *node) exclusive() []string {
	if n.Interactive && !n.Persistent {
		return append([]string{""}, n.Exclusive...)
	}
	return n.Exclusive
}

// checkInput finds tasks that would read standard input at the same time.
func (p *Pipeline) checkInput(chosen *graph.Graph[string]) error {
	var reads []string
	endless := false
	for _, id := range chosen.Nodes() {
		if n := p.nodes[id]; n.Interactive {
			reads = append(reads, id)
			endless = endless || n.Persistent
		}
	}
	if endless && len(reads) > 1 {
		return fmt.Errorf("%s would read standard input at the same time\nhint: run them apart, or make one of them not interactive", strings.Join(reads, " and "))
	}
	return nil
}

func (s *session) saveIndex() {
	save := []func() error{s.pipeline.index.Save}
	if s.cache != nil {
		save = append(save, s.cache.Save, s.records.save)
	}
	errs := make([]error, len(save))
	var saving sync.WaitGroup
	for i := range save {
		saving.Go(func() { errs[i] = save[i]() })
	}
	saving.Wait()
	if err := errors.Join(errs...); err != nil {
		s.printer.Warn("the next run reads all files again: %v", err)
	}
}
