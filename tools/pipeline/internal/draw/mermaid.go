package draw

import (
	"fmt"
	"strings"
)

// Mermaid returns the graph as a flowchart for Mermaid, which code hosts draw in Markdown: an arrow from each node to what
// it depends on.
func Mermaid(g Drawing) string {
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
	for _, pair := range g.pairs() {
		fmt.Fprintf(&b, "\tn%d -.- n%d\n", number[pair[0]], number[pair[1]])
	}
	return b.String()
}

// mermaidText writes what ends a text or begins a character reference as such a reference.
func mermaidText(text string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "`", "#96;").Replace(text)
}
