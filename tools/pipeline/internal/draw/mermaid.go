package draw

import (
	"fmt"
	"strings"

	"magpie.build/tools/pipeline/internal/graph"
)

// Mermaid returns the graph as a flowchart for Mermaid, which code hosts draw in Markdown: an arrow from each node to what
// it depends on.
func Mermaid(g *graph.Graph[string]) string {
	var b strings.Builder
	b.WriteString("flowchart RL\n")
	number := make(map[string]int)
	for i, node := range g.Nodes() {
		number[node] = i
		fmt.Fprintf(&b, "\tn%d[\"%s\"]\n", i, mermaidText(node))
		for _, dep := range g.Deps(node) {
			fmt.Fprintf(&b, "\tn%d --> n%d\n", i, number[dep])
		}
	}
	return b.String()
}

// mermaidText writes what ends a text or begins a character reference as such a reference.
func mermaidText(text string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "`", "#96;").Replace(text)
}
