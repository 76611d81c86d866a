// Package run works through a graph: what a node depends on comes before it, so many nodes at once as asked.
// It knows nothing of what a node does.
package run

import (
	"cmp"
	"context"

	"magpie.build/tools/pipeline/internal/graph"
)

// A Status says how a node ended.
type Status int

// The ways for a node to end. Skipped nodes were not started: something they depend on failed, or the
// context was cancelled.
const (
	Skipped Status = iota
	Succeeded
	Failed
)

// A Result is the end of one node.
type Result[N cmp.Ordered] struct {
	Node   N
	Status Status
	// Because is the failed node that a skipped one depends on, the zero value where the run was cancelled.
	Because N
}

// All runs do for each node of g and returns the results in the order in which they came. A node for which do
// returns false has failed: the nodes that depend on it are skipped, all others go on. After ctx is
// cancelled no node is started; All returns when those that run have ended.
//
// One loop owns the state. do is called on goroutines of its own, at most workers at once.
func All[N cmp.Ordered](ctx context.Context, g *graph.Graph[N], workers int, do func(context.Context, N) bool) []Result[N] {
	l := &loop[N]{graph: g, waits: make(map[N]int), because: make(map[N]N), ended: make(chan Result[N], len(g.Nodes()))}
	for _, node := range g.Nodes() {
		l.waits[node] = len(g.Deps(node))
		if l.waits[node] == 0 {
			l.ready = append(l.ready, node)
		}
	}
	for len(l.ready) > 0 || l.running > 0 {
		for l.running < max(1, workers) && len(l.ready) > 0 {
			l.start(ctx, do)
		}
		if l.running > 0 {
			l.running--
			l.settle(<-l.ended)
		}
	}
	return l.results
}

// A loop is the state of a run. ended has room for every node, so that no worker ever waits to report.
type loop[N cmp.Ordered] struct {
	graph   *graph.Graph[N]
	waits   map[N]int // how many dependencies have not ended
	because map[N]N   // for nodes that cannot run: what failed
	ready   []N
	running int
	ended   chan Result[N]
	results []Result[N]
}

func (l *loop[N]) start(ctx context.Context, do func(context.Context, N) bool) {
	node := l.ready[0]
	l.ready = l.ready[1:]
	if cause, blocked := l.because[node]; blocked || ctx.Err() != nil {
		l.settle(Result[N]{Node: node, Status: Skipped, Because: cause})
		return
	}
	l.running++
	go func() {
		status := Failed
		if do(ctx, node) {
			status = Succeeded
		}
		l.ended <- Result[N]{Node: node, Status: status}
	}()
}

// settle records how a node ended and readies those that waited for it alone.
func (l *loop[N]) settle(r Result[N]) {
	l.results = append(l.results, r)
	for _, user := range l.graph.Users(r.Node) {
		if _, blocked := l.because[user]; !blocked && r.Status == Failed {
			l.because[user] = r.Node
		} else if !blocked && r.Status == Skipped {
			l.because[user] = r.Because
		}
		l.waits[user]--
		if l.waits[user] == 0 {
			l.ready = append(l.ready, user)
		}
	}
}
