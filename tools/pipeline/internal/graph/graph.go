// Package graph holds a directed graph without cycles. It knows nothing of what its nodes stand for.
package graph

import (
	"cmp"
	"maps"
	"slices"
)

// A Graph says for each node what it depends on. It does not change once built; safe for concurrent use.
type Graph[N cmp.Ordered] struct {
	order []N
	deps  map[N][]N
	users map[N][]N
}

// Build makes a graph of the nodes that are keys of deps. When there is a cycle it returns the nodes along
// it, the first one again at the end, and no graph.
func Build[N cmp.Ordered](deps map[N][]N) (*Graph[N], []N) {
	g := &Graph[N]{deps: make(map[N][]N, len(deps)), users: make(map[N][]N, len(deps))}
	nodes := slices.AppendSeq(make([]N, 0, len(deps)), maps.Keys(deps))
	slices.Sort(nodes)
	for _, node := range nodes {
		sorted := slices.Clone(deps[node])
		slices.Sort(sorted)
		sorted = slices.Compact(sorted)
		g.deps[node] = sorted
		for _, dep := range sorted {
			g.users[dep] = append(g.users[dep], node)
		}
	}
	done := make(map[N]bool, len(deps))
	g.order = make([]N, 0, len(deps))
	for _, node := range nodes {
		if cycle := g.visit(node, nil, done); cycle != nil {
			return nil, cycle
		}
	}
	return g, nil
}

// visit appends node to the order, after what it depends on. path leads to it.
func (g *Graph[N]) visit(node N, path []N, done map[N]bool) (cycle []N) {
	if at := slices.Index(path, node); at >= 0 {
		return append(slices.Clone(path[at:]), node)
	}
	if done[node] {
		return nil
	}
	path = append(path, node)
	for _, dep := range g.deps[node] {
		if cycle := g.visit(dep, path, done); cycle != nil {
			return cycle
		}
	}
	done[node] = true
	g.order = append(g.order, node)
	return nil
}

// Nodes returns all nodes, each after those it depends on. The order depends on nothing but the graph.
func (g *Graph[N]) Nodes() []N { return slices.Clone(g.order) }

// Has reports whether a node is in the graph.
func (g *Graph[N]) Has(node N) bool {
	_, ok := g.deps[node]
	return ok
}

// Deps returns what a node depends on, sorted. The caller must not change it.
func (g *Graph[N]) Deps(node N) []N { return g.deps[node] }

// Users returns the nodes that depend on a node, sorted. The caller must not change it.
func (g *Graph[N]) Users(node N) []N { return g.users[node] }

// Reach returns the nodes themselves and all that is reached from them by next, which is Deps or Users.
func Reach[N cmp.Ordered](from []N, next func(N) []N) map[N]bool {
	seen := make(map[N]bool)
	queue := slices.Clone(from)
	for len(queue) > 0 {
		node := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !seen[node] {
			seen[node] = true
			queue = append(queue, next(node)...)
		}
	}
	return seen
}
