package draw

import (
	"html/template"
	"strings"
	"sync"
)

// HTML returns the graph as one page that needs nothing else: the picture, and a list in which each node leads to those it
// depends on and those that depend on it. There is no script; all of it can be reached by the keyboard.
func HTML(g Drawing) (string, error) {
	type item struct {
		Note

		ID, Anchor          string
		Deps, Users, Beside []string
	}
	var items []item
	for _, node := range g.Nodes() {
		items = append(items, item{Note: g.Notes[node], ID: node, Anchor: anchor(node), Deps: g.Deps(node), Users: g.Users(node), Beside: g.Beside[node]})
	}
	var b strings.Builder
	err := page().Execute(&b, map[string]any{
		"Picture": template.HTML(svg(g, func(node string) string { return "#" + anchor(node) })), //nolint:gosec // every name in it is escaped
		"Items":   items,
	})
	return b.String(), err
}

// page is read when it is needed: every start of the program would pay for it otherwise.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{"anchor": anchor}).Parse(pageText))
})

// anchor returns a node's name as a fragment can hold it. Different names have different anchors.
func anchor(node string) string {
	var b strings.Builder
	b.WriteString("task-")
	for _, r := range []byte(node) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			b.WriteByte(r)
		default:
			const digits = "0123456789abcdef"
			b.Write([]byte{'_', digits[r>>4], digits[r&15]})
		}
	}
	return b.String()
}
