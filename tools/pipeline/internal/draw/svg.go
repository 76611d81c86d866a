package draw

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	"magpie.build/tools/pipeline/internal/graph"
)

// Measures of the picture, in pixels. A letter of the 13 px monospaced font is 7.8 wide.
const (
	letter    = 7.8
	boxHeight = 28.0
	rowGap    = 14.0
	layerGap  = 72.0
	padding   = 12.0
	margin    = 8.0
)

// A box is a node with its place.
type box struct {
	id         string
	x, y, w    float64
	layer, row int
}

// SVG returns the graph as a picture without styles of its own: lines and letters are in the colour of the text
// around it. Nodes stand in layers, each to the right of all that it depends on.
func SVG(g Drawing) string { return svg(g, nil) }

// svg draws the graph, each node a link where link says where to.
func svg(g Drawing, link func(node string) string) string {
	boxes, width, height := arrange(g.Graph)
	role := "img"
	if link != nil {
		role = "group"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="%s" font-family="ui-monospace, monospace" font-size="13">`+"\n",
		width, height, width, height, role)
	b.WriteString("<title>Tasks and what they depend on</title>\n")
	b.WriteString(`<g fill="none" stroke="currentColor" stroke-opacity="0.45">` + "\n")
	for _, node := range g.Nodes() {
		for _, dep := range g.Deps(node) {
			b.WriteString(curve(boxes[dep], boxes[node]))
		}
	}
	b.WriteString("</g>\n")
	if pairs := g.pairs(); len(pairs) > 0 {
		b.WriteString(`<g fill="none" stroke="currentColor" stroke-opacity="0.45" stroke-dasharray="4 4">` + "\n")
		for _, pair := range pairs {
			b.WriteString(bow(boxes[pair[0]], boxes[pair[1]]))
		}
		b.WriteString("</g>\n")
	}
	for _, node := range g.Nodes() {
		x := boxes[node]
		before, after := "<g>", "</g>"
		if link != nil {
			before, after = fmt.Sprintf(`<a href="%s">`, html.EscapeString(link(node))), "</a>"
		}
		fmt.Fprintf(&b, `%s<rect x="%.1f" y="%.1f" width="%.1f" height="%.0f" rx="6" fill="none" stroke="currentColor"/>`, before, x.x, x.y, x.w, boxHeight)
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" fill="currentColor">%s</text>%s`+"\n", x.x+padding, x.y+boxHeight/2+4.5, html.EscapeString(node), after)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// curve joins the right side of a dependency with the left side of what depends on it.
func curve(from, to *box) string {
	x1, y1 := from.x+from.w, from.y+boxHeight/2
	x2, y2 := to.x, to.y+boxHeight/2
	middle := (x1 + x2) / 2
	return fmt.Sprintf(`<path d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f"/>`+"\n", x1, y1, middle, y1, middle, y2, x2, y2)
}

// bow joins the right sides of two boxes.
func bow(a, b *box) string {
	x1, y1 := a.x+a.w, a.y+boxHeight/2
	x2, y2 := b.x+b.w, b.y+boxHeight/2
	out := max(x1, x2) + layerGap/3
	return fmt.Sprintf(`<path d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f"/>`+"\n", x1, y1, out, y1, out, y2, x2, y2)
}

// arrange gives each node its place and returns the size of the whole.
func arrange(g *graph.Graph[string]) (boxes map[string]*box, width, height float64) {
	boxes = make(map[string]*box)
	var layers [][]*box
	for _, node := range g.Nodes() {
		x := &box{id: node, w: float64(utf8.RuneCountInString(node))*letter + 2*padding}
		for _, dep := range g.Deps(node) {
			x.layer = max(x.layer, boxes[dep].layer+1)
		}
		boxes[node] = x
		for len(layers) <= x.layer {
			layers = append(layers, nil)
		}
		layers[x.layer] = append(layers[x.layer], x)
	}
	left := margin
	for _, layer := range layers {
		sortRows(g, boxes, layer)
		widest := 0.0
		for row, x := range layer {
			x.row, x.x, x.y = row, left, margin+float64(row)*(boxHeight+rowGap)
			widest = max(widest, x.w)
			height = max(height, x.y+boxHeight+margin)
		}
		left += widest + layerGap
	}
	return boxes, max(left-layerGap+margin, 2*margin), max(height, 2*margin)
}

// sortRows puts each node of a layer near the middle of what it depends on, so that few lines cross.
func sortRows(g *graph.Graph[string], boxes map[string]*box, layer []*box) {
	centre := func(x *box) float64 {
		deps := g.Deps(x.id)
		sum := 0
		for _, dep := range deps {
			sum += boxes[dep].row
		}
		return float64(sum) / float64(max(1, len(deps)))
	}
	slices.SortStableFunc(layer, func(a, b *box) int {
		return cmp.Or(cmp.Compare(centre(a), centre(b)), cmp.Compare(a.id, b.id))
	})
}
