// Package draw writes a graph down: in DOT for other programs, as SVG for people. The same graph gives the same bytes.
package draw

import (
	"fmt"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/graph"
)

// A Drawing is what is drawn.
type Drawing struct {
	*graph.Graph[string]

	// Beside names nodes that go with a node, without an order: a broken line, no arrow.
	Beside map[string][]string
	// Notes are for pages.
	Notes map[string]Note
}

// A Note is what a page says of one node.
type Note struct {
	// Help is a line, Command what the node executes.
	Help, Command string
}

// pairs returns what goes with what, each pair once.
func (d Drawing) pairs() [][2]string {
	var pairs [][2]string
	for _, node := range d.Nodes() {
		for _, other := range d.Beside[node] {
			pair := [2]string{min(node, other), max(node, other)}
			if d.Has(other) && !slices.Contains(pairs, pair) {
				pairs = append(pairs, pair)
			}
		}
	}
	return pairs
}

// DOT returns the graph in the language of Graphviz, an arrow from each node to what it depends on.
func DOT(g Drawing) string {
	var b strings.Builder
	b.WriteString("digraph tasks {\n\trankdir=RL\n\tnode [shape=box, style=rounded, fontname=\"sans-serif\"]\n")
	for _, node := range g.Nodes() {
		fmt.Fprintf(&b, "\t%q\n", node)
		for _, dep := range g.Deps(node) {
			fmt.Fprintf(&b, "\t%q -> %q\n", node, dep)
		}
	}
	for _, pair := range g.pairs() {
		fmt.Fprintf(&b, "\t%q -> %q [dir=none, style=dashed, constraint=false]\n", pair[0], pair[1])
	}
	b.WriteString("}\n")
	return b.String()
}
