package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/output"
	"magpie.build/tools/pipeline/internal/run"
)

// A service is a persistent task that was started.
type service struct {
	node    *node
	session *session // that started it
	key     hash.Key
	started time.Time
	stop    context.CancelCauseFunc
	ready   chan struct{} // closed once others may use it
	done    chan struct{} // closed once it has ended
	err     error         // why it failed; read it after done
	log     []byte        // the end of its output; read it after done
	took    time.Duration // read it after done
}

func (v *service) isReady() bool  { return closed(v.ready) }
func (v *service) hasEnded() bool { return closed(v.done) }

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// services are the persistent tasks of a run. One that others need is started when the first of these really runs, not
// when all of them come from the cache, and is stopped with the last of them. One that was asked for, or that nobody needs, stays up.
// Safe for concurrent use.
type services struct {
	ctx     context.Context // theirs: it outlives the work on the graph
	printer *output.Printer
	all     sync.WaitGroup

	mu      sync.Mutex
	session *session            // the run, or in watch the one under way
	failed  func(*service)      // is told of each that fails
	needers map[string][]string // of each persistent task: the tasks that depend on it or run with it
	beside  map[string]bool     // persistent tasks that run with another
	up      map[string]*service // all that were started, also those that ended
	ended   map[string]bool     // tasks that do not need anything any more
}

func newServices(ctx context.Context, printer *output.Printer) *services {
	return &services{ctx: ctx, printer: printer, up: make(map[string]*service)}
}

// begin makes the services those of a session. What its graph does not hold is stopped.
func (v *services) begin(s *session, failed func(*service)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.session, v.failed = s, failed
	v.needers, v.beside, v.ended = make(map[string][]string), make(map[string]bool), make(map[string]bool)
	for _, id := range s.graph.Nodes() {
		if s.node(id).Persistent {
			v.needers[id] = append(v.needers[id], needers(s.pipeline.nodes, s.graph, id)...)
		}
		for _, other := range s.node(id).with {
			if s.node(other).Persistent {
				v.needers[other] = append(v.needers[other], id)
				v.beside[other] = true
			}
		}
	}
	for id, one := range v.up {
		if _, there := v.needers[id]; !there {
			one.stop(errUnneeded)
		}
	}
}

// needers returns the tasks that depend on one, directly or by way of groups. A group that was asked for is not among them.
func needers(nodes map[string]*node, g *graph.Graph[string], id string) []string {
	var found []string
	for _, user := range g.Users(id) {
		if nodes[user].isGroup() {
			found = append(found, needers(nodes, g, user)...)
		} else {
			found = append(found, user)
		}
	}
	return found
}

// Why services are stopped, where it is not for an error.
var (
	errUnneeded = errors.New("no task needs it any more")
	errRunEnds  = errors.New("the run ends")
	errReplaced = errors.New("its inputs changed")
)

// stays reports whether a persistent task is there for its own sake. The caller holds mu.
func (v *services) stays(id string) bool {
	return slices.Contains(v.session.asked, id) || len(v.needers[id]) == 0
}

// wanted reports whether a persistent task is to start now, and not only when a task that depends on it runs.
func (v *services) wanted(id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stays(id) || v.beside[id] && v.needed(id)
}

// needed reports whether a persistent task has to be up, now or later. The caller holds mu.
func (v *services) needed(id string) bool {
	if v.stays(id) {
		return true
	}
	return slices.ContainsFunc(v.needers[id], func(user string) bool {
		if v.ended[user] {
			return false
		}
		return !v.session.node(user).Persistent || v.needed(user)
	})
}

// settled hears how a task ended, and stops what was up for it alone.
func (v *services) settled(r run.Result[string]) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.needers) == 0 {
		return
	}
	if !v.session.node(r.Node).Persistent || r.Status != run.Succeeded {
		v.ended[r.Node] = true
		v.stopUnneeded()
	}
}

// stopUnneeded stops what nobody needs any more. The caller holds mu.
func (v *services) stopUnneeded() {
	for id, one := range v.up {
		if !v.needed(id) {
			one.stop(errUnneeded)
		}
	}
}

// running returns the services that are up, by name.
func (v *services) running() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var ids []string
	for id, one := range v.up {
		if !one.hasEnded() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// get returns a service that was started, nil where it was not.
func (v *services) get(id string) *service {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.up[id]
}

// linger waits until all services have ended or ctx is done.
func (v *services) linger(ctx context.Context) {
	ids := v.running()
	if len(ids) == 0 {
		return
	}
	v.printer.List("up until Ctrl-C:", ids)
	for _, id := range ids {
		select {
		case <-v.get(id).done:
		case <-ctx.Done():
			return
		}
	}
}

// close stops all services and waits for them.
func (v *services) close() {
	v.mu.Lock()
	for _, one := range v.up {
		one.stop(errRunEnds)
	}
	v.mu.Unlock()
	v.all.Wait()
}

// serve starts a persistent task, unless it is up, and returns it. In watch one that was started by an earlier session is up too, unless it
// may be interrupted and its key has changed since.
func (s *session) serve(n *node) *service {
	v := s.services
	key := s.keyNow(n)
	v.mu.Lock()
	defer v.mu.Unlock()
	old := v.up[n.id]
	if old != nil && (old.session == s || !old.hasEnded() && (old.key == key || !n.Interruptible)) {
		return old
	}
	ctx, stop := context.WithCancelCause(v.ctx)
	one := &service{node: n, session: s, key: key, started: time.Now(), stop: stop, ready: make(chan struct{}), done: make(chan struct{})}
	v.up[n.id] = one
	v.all.Go(func() {
		if old != nil {
			old.stop(errReplaced)
			<-old.done
		}
		s.keepUp(ctx, one)
	})
	return one
}

func (s *session) keyNow(n *node) hash.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[n.id]
}

// keepUp runs a service until it ends, and says how it did.
func (s *session) keepUp(ctx context.Context, one *service) {
	v := s.services
	err := s.runService(ctx, one)
	one.took = time.Since(one.started)
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errUnneeded), errors.Is(cause, errReplaced):
		v.printer.Tell(one.node.id, "stopped: %v", cause)
	case errors.Is(cause, errRunEnds), v.ctx.Err() != nil:
	case cause != nil:
		one.err = cause
	case err != nil:
		one.err = err
	case !one.isReady():
		one.err = errors.New("ended before it was ready")
	}
	one.stop(nil)       // frees the context
	if one.err != nil { // before those hear it that wait: they are cancelled, and did not fail themselves
		v.mu.Lock()
		failed := v.failed
		v.mu.Unlock()
		failed(one)
	}
	close(one.done)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.up[one.node.id] == one {
		v.ended[one.node.id] = true
		v.stopUnneeded()
	}
}

// runService starts a service once those that it needs itself are ready, and returns when it has ended.
func (s *session) runService(ctx context.Context, one *service) error {
	n := one.node
	if err := s.awaitServices(ctx, n); err != nil {
		return err
	}
	if err := n.Ready.taken(ctx); err != nil {
		return err
	}
	s.announce(n, one.key)
	log := s.log(n, output.Endless)
	seen := newMatcher(n.Ready.Line)
	watched, unwatch := context.WithCancel(ctx)
	var probing sync.WaitGroup
	probing.Go(func() { s.awaitReady(watched, one, seen.seen) })
	err := n.run(ctx, s.call(n, io.MultiWriter(log, seen)))
	unwatch()
	probing.Wait()
	one.log = log.Close()
	s.pipeline.forget()
	return err
}

// awaitReady marks a service as ready when it is, or ends it when that takes too long.
func (s *session) awaitReady(ctx context.Context, one *service, seen <-chan struct{}) {
	ready := one.node.Ready
	if !ready.isSet() {
		close(one.ready)
		return
	}
	limited, cancel := context.WithTimeout(ctx, ready.within())
	defer cancel()
	err := ready.wait(limited, seen)
	switch {
	case ctx.Err() != nil: // it has ended, or is to end
	case err != nil:
		one.stop(fmt.Errorf("was not ready within %s: %w", ready.within(), err))
	default:
		s.printer.Tell(one.node.id, "ready after %s", output.Duration(time.Since(one.started)))
		close(one.ready)
	}
}

// awaitServices starts the persistent tasks that a task depends on and returns when they are ready.
func (s *session) awaitServices(ctx context.Context, n *node) error {
	var needed []*service
	for _, id := range s.persistentDeps(n.id) {
		needed = append(needed, s.serve(s.node(id)))
	}
	for _, one := range needed {
		if one.hasEnded() {
			return endedEarly(one)
		}
		if one.isReady() {
			continue
		}
		s.printer.Tell(n.id, "waits for %s: %s", one.node.id, one.node.Ready)
		s.waits(n.id, one.node.id)
		select {
		case <-one.ready:
		case <-one.done:
		case <-ctx.Done():
		}
		s.waits(n.id, "")
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case one.hasEnded():
			return endedEarly(one)
		}
	}
	return nil
}

func endedEarly(one *service) error {
	if one.err == nil {
		return fmt.Errorf("%s, which it needs, has ended", one.node.id)
	}
	return fmt.Errorf("%s, which it needs, failed: %w", one.node.id, one.err)
}

// persistentDeps returns the persistent tasks that one depends on, directly or by way of groups.
func (s *session) persistentDeps(id string) []string {
	var found []string
	for _, dep := range s.graph.Deps(id) {
		switch n := s.node(dep); {
		case n.isGroup():
			found = append(found, s.persistentDeps(dep)...)
		case n.Persistent:
			found = append(found, dep)
		}
	}
	return found
}

// checkPersistent finds tasks that depend on a persistent one of which nothing tells when it is up.
func (p *Pipeline) checkPersistent() []error {
	if p.graph == nil {
		return nil
	}
	var problems []error
	for _, id := range p.ids() {
		n := p.nodes[id]
		if !n.Persistent || n.Ready.isSet() {
			continue
		}
		for _, user := range needers(p.nodes, p.graph, id) {
			err := fmt.Errorf("%s depends on %s, which is persistent and does not say when it is up; give it Ready", user, id)
			problems = append(problems, p.at(err, n.Name))
		}
	}
	return problems
}
