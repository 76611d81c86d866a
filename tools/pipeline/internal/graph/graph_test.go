package graph_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"magpie.build/tools/pipeline/internal/graph"
)

func TestCycleIsNamedFromEndToEnd(t *testing.T) {
	t.Parallel()
	g, cycle := graph.Build(map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"d", "b"}, "d": nil})
	if g != nil || !slices.Equal(cycle, []string{"b", "c", "b"}) {
		t.Errorf("cycle = %v", cycle)
	}
}

// Whatever the graph: each node comes once and after what it depends on, or there is a real cycle.
func TestOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "nodes")
		deps := make(map[int][]int)
		for node := range n {
			deps[node] = rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 2).Draw(t, "deps")
		}
		g, cycle := graph.Build(deps)
		if cycle != nil {
			for i, node := range cycle[1:] {
				if !slices.Contains(deps[cycle[i]], node) {
					t.Fatalf("%v is no cycle of %v", cycle, deps)
				}
			}
			return
		}
		order := g.Nodes()
		if len(order) != n {
			t.Fatalf("%d of %d nodes in %v", len(order), n, order)
		}
		for at, node := range order {
			for _, dep := range deps[node] {
				if before := slices.Index(order, dep); before >= at {
					t.Fatalf("%d comes before its dependency %d in %v", node, dep, order)
				}
			}
		}
	})
}

func TestReach(t *testing.T) {
	t.Parallel()
	g, _ := graph.Build(map[string][]string{"a": {"b"}, "b": {"c"}, "c": nil, "d": {"c"}})
	if got := graph.Reach([]string{"b"}, g.Users); len(got) != 2 || !got["a"] || !got["b"] {
		t.Errorf("users of b: %v", got)
	}
	if got := graph.Reach([]string{"a"}, g.Deps); len(got) != 3 || got["d"] {
		t.Errorf("dependencies of a: %v", got)
	}
}
