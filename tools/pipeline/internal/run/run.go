// Package run works through a graph: what a node depends on comes before it, so many nodes at once as asked.
// It knows nothing of what a node does.
package run

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"magpie.build/tools/pipeline/internal/graph"
)

// A Status says how a node ended.
type Status int

// The ways for a node to end. Skipped nodes were not started, cancelled ones were ended while they ran: because another
// node failed, or because the context was cancelled.
const (
	Skipped Status = iota
	Succeeded
	Failed
	Cancelled
)

// Continue says what becomes of the others when a node fails.
type Continue int

// After a failure: no node is started, and those that run are cancelled; all go on but those that depend on the failed
// one; all go on, these too.
const (
	Never Continue = iota
	DependenciesSuccessful
	Always
)

// A Result is the end of one node.
type Result[N cmp.Ordered] struct {
	Node   N
	Status Status
	// Because is the failed node on account of which one was skipped or cancelled, the zero value where the run was cancelled.
	Because N
}

// Options say how to work through a graph. Only Workers is needed.
type Options[N cmp.Ordered] struct {
	// Workers is how many nodes run at once, at least 1.
	Workers int
	// Continue says what a failure means for the others.
	Continue Continue
	// Light reports whether a node takes no worker: it starts as soon as it can. Nil means none does.
	Light func(N) bool
	// Exclusive returns the names of what a node wants for itself: nodes that share a name never run at the same time. Nil
	// means nobody wants anything.
	Exclusive func(N) []string
	// Costs returns what each node is expected to take, in any unit; nil while that is not known. It is called
	// by the loop before it starts nodes, until it returns something. From then on, of the nodes that can start the one goes first
	// from which the longest way leads to the end of the run. Without, the order is that in which nodes become ready.
	Costs func() map[N]float64
	// Ended is told of each result by the loop, in their order. It must not block.
	Ended func(Result[N])
}

// ErrStopped is the cause of the context of nodes that are cancelled because another failed.
var ErrStopped = errors.New("stopped because another task failed")

// All runs do for each node of g and returns the results in the order in which they came. A node for which do
// returns false has failed. After ctx is cancelled no node is started; All returns when those that run have ended.
//
// One loop owns the state. do is called on goroutines that take one node after the other, as a new stack for each has to grow first. All
// waits for them.
func All[N cmp.Ordered](ctx context.Context, g *graph.Graph[N], o Options[N], do func(context.Context, N) bool) []Result[N] {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	l := &loop[N]{
		options: o, graph: g, stop: stop, do: do,
		waits: make(map[N]int), because: make(map[N]N), taken: make(map[string]bool),
		started: make(chan N, len(g.Nodes())), ended: make(chan Result[N], len(g.Nodes())),
	}
	defer l.goroutines.Wait()
	defer close(l.started)
	for _, node := range g.Nodes() {
		l.waits[node] = len(g.Deps(node))
		if l.waits[node] == 0 {
			l.ready.add(node)
		}
	}
	for l.running > 0 || l.ready.len() > 0 {
		l.fill(ctx)
		if l.running > 0 {
			l.end(<-l.ended)
		}
	}
	return l.results
}

// A loop is the state of a run. started and ended have room for every node, so that neither the loop nor a goroutine waits to hand one over.
type loop[N cmp.Ordered] struct {
	options Options[N]
	graph   *graph.Graph[N]
	do      func(context.Context, N) bool
	stop    context.CancelCauseFunc
	waits   map[N]int // how many dependencies have not ended
	because map[N]N   // for nodes that cannot run: what failed
	failed  *N        // what stopped the run
	ready   queue[N]
	taken   map[string]bool // what nodes that run have for themselves
	running int             // with workers or without
	busy    int             // workers
	idle    int             // goroutines that wait for a node
	started chan N
	ended   chan Result[N]
	results []Result[N]

	goroutines sync.WaitGroup
}

// fill starts nodes until all workers are busy or no node can start. With nothing running some node always can:
// nothing is taken then.
func (l *loop[N]) fill(ctx context.Context) {
	if l.ready.ranks == nil && l.options.Costs != nil {
		if costs := l.options.Costs(); costs != nil {
			l.ready.rank(ranks(l.graph, costs))
		}
	}
	for l.options.Light != nil {
		node, ok := l.ready.take(func(node N) bool { return l.options.Light(node) && l.free(node) })
		if !ok {
			break
		}
		l.start(ctx, node)
	}
	for l.busy < max(1, l.options.Workers) {
		node, ok := l.ready.take(l.free)
		if !ok {
			return
		}
		l.start(ctx, node)
	}
}

// free reports whether nobody has what a node wants for itself.
func (l *loop[N]) free(node N) bool {
	for _, name := range l.wants(node) {
		if l.taken[name] {
			return false
		}
	}
	return true
}

func (l *loop[N]) light(node N) bool { return l.options.Light != nil && l.options.Light(node) }

func (l *loop[N]) wants(node N) []string {
	if l.options.Exclusive == nil {
		return nil
	}
	return l.options.Exclusive(node)
}

func (l *loop[N]) start(ctx context.Context, node N) {
	if cause, blocked := l.because[node]; blocked {
		l.settle(Result[N]{Node: node, Because: cause})
		return
	}
	if ctx.Err() != nil {
		l.settle(l.excused(ctx, Result[N]{Node: node}))
		return
	}
	for _, name := range l.wants(node) {
		l.taken[name] = true
	}
	l.running++
	if !l.light(node) {
		l.busy++
	}
	l.started <- node
	if l.idle > 0 {
		l.idle--
		return
	}
	l.goroutines.Go(func() {
		for node := range l.started {
			l.ended <- l.try(ctx, node)
		}
	})
}

// try does one node.
func (l *loop[N]) try(ctx context.Context, node N) Result[N] {
	r := Result[N]{Node: node, Status: Failed}
	if l.do(ctx, node) {
		r.Status = Succeeded
	} else if ctx.Err() != nil {
		r.Status = Cancelled
	}
	return r
}

// excused adds to the result of a node that the run's end kept from running who is to blame.
func (l *loop[N]) excused(ctx context.Context, r Result[N]) Result[N] {
	if l.failed != nil && errors.Is(context.Cause(ctx), ErrStopped) {
		r.Because = *l.failed
	}
	return r
}

// end takes back what a node had that ran.
func (l *loop[N]) end(r Result[N]) {
	l.running--
	l.idle++
	if !l.light(r.Node) {
		l.busy--
	}
	for _, name := range l.wants(r.Node) {
		delete(l.taken, name)
	}
	l.settle(r)
}

// settle records how a node ended and readies those that waited for it alone.
func (l *loop[N]) settle(r Result[N]) {
	switch {
	case r.Status == Cancelled && l.failed != nil:
		r.Because = *l.failed
	case r.Status == Failed && l.options.Continue == Never && l.failed == nil:
		l.failed = &r.Node
		l.stop(ErrStopped)
	}
	l.results = append(l.results, r)
	if l.options.Ended != nil {
		l.options.Ended(r)
	}
	for _, user := range l.graph.Users(r.Node) {
		l.blame(user, r)
		l.waits[user]--
		if l.waits[user] == 0 {
			l.ready.add(user)
		}
	}
}

// blame notes why a node cannot run that depends on one that ended.
func (l *loop[N]) blame(user N, r Result[N]) {
	if _, blocked := l.because[user]; blocked || l.options.Continue == Always {
		return
	}
	switch r.Status {
	case Failed:
		l.because[user] = r.Node
	case Skipped, Cancelled:
		l.because[user] = r.Because
	case Succeeded:
	}
}
