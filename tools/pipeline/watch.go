package pipeline

import (
	"cmp"
	"context"
	"errors"
	"os/signal"
	"path"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/output"
	"magpie.build/tools/pipeline/internal/parent"
	"magpie.build/tools/pipeline/internal/run"
	"magpie.build/tools/pipeline/internal/watch"
)

// Watch runs the tasks as Run does, and again, dependencies first, those that a change concerns, until ctx ends or the process gets
// SIGTERM or SIGHUP, which is no error. What tasks write as their outputs is no change. Persistent tasks stay up between runs.
//
// A change while tasks run takes effect when they have ended, or at once where all that run are [Task.Interruptible]. A task that
// failed, or one that is not cached, runs again when its key is another. Without [Options.Continue], a failure leaves others running.
//
// Modules and their imports are read again after each change; tasks are those that New was given.
func (p *Pipeline) Watch(ctx context.Context, o Options) error {
	ctx, stop := signal.NotifyContext(ctx, endings()...)
	defer stop()
	if o.Dry {
		return errors.New("a watch runs tasks, and cannot be dry")
	}
	o.Continue = cmp.Or(o.Continue, ContinueDependenciesSuccessful)
	if err := o.fill(); err != nil {
		return err
	}
	if _, err := p.begin(ctx, o); err != nil { // what cannot be run cannot be watched
		return err
	}
	file, err := p.openLogFile(o)
	if err != nil {
		return err
	}
	watcher, err := watch.New(p.workspace.Root, unwatched)
	if err != nil {
		return err
	}
	defer watcher.Close()
	printer := newPrinter(o, file)
	w := &watching{
		pipeline: p, options: o, printer: printer, services: newServices(ctx, printer),
		past: make(map[string]past), ended: make(chan struct{}, 1),
	}
	defer closeLogFile(file, printer)
	group, ctx := errgroup.WithContext(ctx)
	ctx, cancel := context.WithCancel(ctx)
	group.Go(func() error { return watcher.Run(ctx) })
	group.Go(func() error { return parent.UntilGone(ctx, cancel) })
	group.Go(func() error { return w.loop(ctx, watcher.Batches()) })
	err = group.Wait()
	cancel()
	w.services.close()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// unwatched are the folders that hold nothing that tasks read, and much that changes.
func unwatched(name string) bool {
	return slices.Contains([]string{".git", ".magpie", "node_modules"}, path.Base(name))
}

// watching is a watch under way: one round of tasks after the other. The loop owns it but for what mu guards.
type watching struct {
	pipeline *Pipeline
	options  Options
	printer  *output.Printer
	services *services
	ended    chan struct{} // tells the loop that a round has

	mu      sync.Mutex
	past    map[string]past // how tasks were left, by id
	session *session        // the round under way, nil between rounds
	restart context.CancelCauseFunc
}

// past is how a task was left.
type past struct {
	key    hash.Key
	result result
	err    error
	// changes counts how often in a row the task left files changed that it reads itself.
	changes int
}

// loop begins a round, and another after each batch of changes.
func (w *watching) loop(ctx context.Context, batches <-chan watch.Batch) error {
	var round sync.WaitGroup
	defer round.Wait()
	begin := func(changed []string) {
		round.Go(func() {
			defer func() { w.ended <- struct{}{} }()
			w.round(ctx, changed)
		})
	}
	begin(nil)
	running, pending := true, []string(nil)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.ended:
			running = false
		case b := <-batches:
			pending = append(pending, w.read(b.Names)...)
			if running && len(pending) > 0 {
				w.interrupt()
			}
		}
		if !running && len(pending) > 0 {
			slices.Sort(pending)
			begin(slices.Compact(pending))
			running, pending = true, nil
		}
	}
}

// read returns those of the files that tasks may read: all that none of them makes.
func (w *watching) read(names []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		for _, n := range w.pipeline.nodes {
			if n.outputs.Match(name) {
				return true
			}
		}
		return false
	})
}

// interrupt ends the round when everything that runs may be interrupted and something of it reads what has changed.
func (w *watching) interrupt() {
	w.mu.Lock()
	s, restart := w.session, w.restart
	w.mu.Unlock()
	if s == nil {
		return
	}
	s.mu.Lock()
	var under []*node
	for id := range s.running {
		under = append(under, s.node(id))
	}
	s.mu.Unlock()
	if len(under) == 0 || slices.ContainsFunc(under, func(n *node) bool { return !n.Interruptible }) {
		return
	}
	s.pipeline.forget()
	if slices.ContainsFunc(under, func(n *node) bool {
		key, err := s.key(n)
		return err != nil || key != s.keyNow(n)
	}) {
		restart(errReplaced)
	}
}

// round runs what the changes concern.
func (w *watching) round(ctx context.Context, changed []string) {
	began := time.Now()
	s, err := w.open(ctx, changed)
	if err != nil {
		w.printer.Warn("nothing runs before this is repaired: %v", err)
		return
	}
	work, restart := context.WithCancelCause(ctx)
	defer restart(nil)
	w.mu.Lock()
	w.pipeline, w.session, w.restart = s.pipeline, s, restart
	w.mu.Unlock()
	s.services = w.services
	s.services.begin(s, w.failed)
	results := s.run(work, func(ctx context.Context) []run.Result[string] {
		return run.All(ctx, s.graph, s.plan(), s.do)
	})
	w.mu.Lock()
	w.session = nil
	w.mu.Unlock()
	w.keep(s, results)
	if work.Err() != nil {
		return
	}
	if t := s.tally(results); changed == nil || !t.isEmpty() {
		_ = s.finish(ctx, results, began) // it has been shown, and the watch goes on
	}
	if changed == nil {
		w.printer.Say("watching for changes until Ctrl-C")
	}
}

// open reads the workspace again after a change, and returns the session of a round.
func (w *watching) open(ctx context.Context, changed []string) (*session, error) {
	p := w.pipeline
	if changed != nil {
		if slices.ContainsFunc(changed, func(name string) bool { return path.Dir(name) == "." && path.Ext(name) == ".go" }) {
			w.printer.Warn("the magefile has changed, and the tasks may have with it; end the watch and start it again to see that")
		}
		var err error
		if p, err = New(p.workspace.Root, p.declared...); err != nil {
			return nil, err
		}
	}
	s, err := p.begin(ctx, w.options)
	if err != nil {
		return nil, err
	}
	s.printer, s.watch = w.printer, w
	s.sayChanged = sync.OnceFunc(func() {
		if len(changed) > 0 {
			w.printer.List("changed:", changed)
		}
	})
	return s, nil
}

// unchanged answers a task that was worked on in an earlier round and whose key is still the same: as it ended then.
func (s *session) unchanged(n *node, key hash.Key) (ending, bool) {
	if s.watch == nil || n.Persistent {
		return ending{}, false
	}
	s.watch.mu.Lock()
	before, ok := s.watch.past[n.id]
	s.watch.mu.Unlock()
	if !ok || before.key != key {
		return ending{}, false
	}
	if before.err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.results[n.id] = before.result
	}
	return ending{same: true, err: before.err}, true
}

// keep notes how the tasks of a round were left.
func (w *watching) keep(s *session, results []run.Result[string]) {
	s.pipeline.forget()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range results {
		e := s.ended[r.Node]
		switch {
		case e.same:
		case r.Status == run.Skipped || r.Status == run.Cancelled:
			delete(w.past, r.Node)
		default:
			left := past{key: s.keys[r.Node], result: s.results[r.Node], err: e.err, changes: w.past[r.Node].changes}
			if !e.hit && !s.node(r.Node).isGroup() && !s.node(r.Node).Persistent {
				w.noteOwnChanges(s, s.node(r.Node), &left)
			}
			w.past[r.Node] = left
		}
	}
}

// noteOwnChanges finds tasks that change what they read: each run would be followed by another. The first time that is as
// well somebody at the keyboard, or a formatter, which has nothing to do the next time.
func (w *watching) noteOwnChanges(s *session, n *node, left *past) {
	after, err := s.key(n)
	if err != nil || after == left.key {
		left.changes = 0
		return
	}
	left.changes++
	if left.changes < 2 {
		return
	}
	left.key = after
	if left.changes == 2 {
		w.printer.Warn("%s changes files that it reads itself, and does not run again for that\nhint: name them in its Outputs, or take them from its Inputs", n.id)
	}
}

// failed shows a persistent task that fails, but not one that was started in the round under way: it is shown at the end of that.
func (w *watching) failed(one *service) {
	w.mu.Lock()
	now := w.session
	w.mu.Unlock()
	if now != one.session {
		w.printer.Fail(one.node.id, "%v", one.err)
		w.printer.Repeat(one.node.id, one.log)
	}
}
