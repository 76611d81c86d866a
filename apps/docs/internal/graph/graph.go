// Package graph draws a graph of some tens of nodes as SVG, in layers from left to right: what
// depends on nothing stands first. The picture takes its colours from the text around it, its
// nodes are links, and the same graph gives the same bytes.
package graph

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
)

// A Node is a box of the picture.
type Node struct {
	Name string
	Href string
	// DependsOn names nodes that stand before this one. Names that are no node are left out.
	DependsOn []string
}

// Sizes in the picture's own units, which are pixels where there is room.
const (
	letter    = 7.9 // width of a letter of the monospaced font at 13 units
	padding   = 14
	boxHeight = 32
	rowGap    = 14
	layerGap  = 70
)

type box struct {
	Node

	layer       int
	x, y, width float64
}

// SVG draws the nodes. A cycle is drawn as if one of its edges were not there.
func SVG(title string, nodes []Node) string {
	layers := arrange(nodes)
	boxes := map[string]*box{}
	width, height := place(layers, boxes)
	var out strings.Builder
	fmt.Fprintf(&out, `<svg class="graph-picture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`,
		width, height, width, height, html.EscapeString(title))
	out.WriteString("\n")
	for _, layer := range layers {
		for _, b := range layer {
			for _, name := range b.DependsOn {
				if from := boxes[name]; from != nil && from.layer < b.layer {
					drawEdge(&out, from, b)
				}
			}
		}
	}
	for _, layer := range layers {
		for _, b := range layer {
			drawBox(&out, b)
		}
	}
	out.WriteString("</svg>\n")
	return out.String()
}

func drawEdge(out *strings.Builder, from, to *box) {
	x1, y1 := from.x+from.width, from.y+boxHeight/2
	x2, y2 := to.x, to.y+boxHeight/2
	middle := (x1 + x2) / 2
	fmt.Fprintf(out, `<path class="graph-edge" d="M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f"/>`+"\n", x1, y1, middle, y1, middle, y2, x2, y2)
}

func drawBox(out *strings.Builder, b *box) {
	fmt.Fprintf(out, `<a class="graph-node" href="%s"><rect x="%.0f" y="%.0f" width="%.0f" height="%d" rx="8"/><text x="%.0f" y="%.0f">%s</text></a>`+"\n",
		html.EscapeString(b.Href), b.x, b.y, b.width, boxHeight, b.x+padding, b.y+boxHeight/2+4.5, html.EscapeString(b.Name))
}

// arrange puts each node one layer behind the last of what it depends on, and orders each layer
// by where its dependencies stand, so that few edges cross.
func arrange(nodes []Node) [][]*box {
	known := map[string]*box{}
	for _, n := range nodes {
		known[n.Name] = &box{Node: n}
	}
	depth := map[string]int{}
	var layers [][]*box
	for _, n := range nodes {
		b := known[n.Name]
		b.layer = layerOf(n.Name, known, depth, map[string]bool{})
		for len(layers) <= b.layer {
			layers = append(layers, nil)
		}
		layers[b.layer] = append(layers[b.layer], b)
	}
	row := map[string]float64{}
	for _, layer := range layers {
		weight := map[string]float64{}
		for _, b := range layer {
			weight[b.Name] = mean(b.DependsOn, row)
		}
		slices.SortFunc(layer, func(a, b *box) int {
			return cmp.Or(cmp.Compare(weight[a.Name], weight[b.Name]), cmp.Compare(a.Name, b.Name))
		})
		for i, b := range layer {
			row[b.Name] = float64(i)
		}
	}
	return layers
}

// layerOf is the length of the longest way to a node. Edges back into the way itself are left out.
func layerOf(name string, known map[string]*box, depth map[string]int, way map[string]bool) int {
	if d, ok := depth[name]; ok {
		return d
	}
	way[name] = true
	d := 0
	for _, before := range known[name].DependsOn {
		if known[before] != nil && !way[before] {
			d = max(d, layerOf(before, known, depth, way)+1)
		}
	}
	delete(way, name)
	depth[name] = d
	return d
}

func mean(names []string, row map[string]float64) float64 {
	sum, n := 0.0, 0.0
	for _, name := range names {
		if r, ok := row[name]; ok {
			sum, n = sum+r, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// place gives each box its coordinates and returns the picture's size. Layers are centred.
func place(layers [][]*box, boxes map[string]*box) (width, height float64) {
	for _, layer := range layers {
		height = max(height, float64(len(layer)*(boxHeight+rowGap)-rowGap))
	}
	x := 1.0
	for _, layer := range layers {
		widest := 0.0
		y := (height - float64(len(layer)*(boxHeight+rowGap)-rowGap)) / 2
		for _, b := range layer {
			b.x, b.y, b.width = x, y+1, float64(len(b.Name))*letter+2*padding
			widest = max(widest, b.width)
			y += boxHeight + rowGap
			boxes[b.Name] = b
		}
		x += widest + layerGap
	}
	return x - layerGap + 3, height + 2
}
