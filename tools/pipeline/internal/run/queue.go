package run

import (
	"cmp"
	"slices"

	"magpie.build/tools/pipeline/internal/graph"
)

// A queue holds the nodes that can start: in the order in which they came or, once it knows ranks, the highest first.
type queue[N cmp.Ordered] struct {
	nodes []N
	ranks map[N]float64
}

func (q *queue[N]) len() int { return len(q.nodes) }

func (q *queue[N]) add(node N) {
	if q.ranks == nil {
		q.nodes = append(q.nodes, node)
		return
	}
	at, _ := slices.BinarySearchFunc(q.nodes, node, q.compare)
	q.nodes = slices.Insert(q.nodes, at, node)
}

// rank puts the queue in the order of ranks.
func (q *queue[N]) rank(ranks map[N]float64) {
	q.ranks = ranks
	slices.SortFunc(q.nodes, q.compare)
}

func (q *queue[N]) compare(a, b N) int {
	return cmp.Or(cmp.Compare(q.ranks[b], q.ranks[a]), cmp.Compare(a, b))
}

// take removes and returns the first node that may start.
func (q *queue[N]) take(may func(N) bool) (node N, ok bool) {
	at := slices.IndexFunc(q.nodes, may)
	if at < 0 {
		return node, false
	}
	node = q.nodes[at]
	if at == 0 {
		q.nodes = q.nodes[1:]
	} else {
		q.nodes = slices.Delete(q.nodes, at, at+1)
	}
	return node, true
}

// ranks returns for each node the cost of the longest way from its start to the end of the run.
func ranks[N cmp.Ordered](g *graph.Graph[N], costs map[N]float64) map[N]float64 {
	all := make(map[N]float64, len(costs))
	for _, node := range slices.Backward(g.Nodes()) {
		longest := 0.0
		for _, user := range g.Users(node) {
			longest = max(longest, all[user])
		}
		all[node] = costs[node] + longest
	}
	return all
}
