// Package draw writes a graph down: in DOT for other programs, as SVG for people. The same graph gives the same bytes.
package draw

import (
	"fmt"
	"strings"

	"magpie.build/tools/pipeline/internal/graph"
)

// DOT returns the graph in the language of Graphviz, an arrow from each node to what it depends on.
func DOT(g *graph.Graph[string]) string {
	var b strings.Builder
	b.WriteString("digraph tasks {\n\trankdir=RL\n\tnode [shape=box, style=rounded, fontname=\"sans-serif\"]\n")
	for _, node := range g.Nodes() {
		fmt.Fprintf(&b, "\t%q\n", node)
		for _, dep := range g.Deps(node) {
			fmt.Fprintf(&b, "\t%q -> %q\n", node, dep)
		}
	}
	b.WriteString("}\n")
	return b.String()
}
