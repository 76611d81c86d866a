package draw_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/draw"
	"magpie.build/tools/pipeline/internal/graph"
)

// diamond has an odd name at its end, and two nodes that go together.
func diamond(t *testing.T) draw.Drawing {
	t.Helper()
	g, cycle := graph.Build(map[string][]string{
		"app#build": {"api#build", "ui#build"}, "api#build": {`a "b" <c>#x`}, "ui#build": {`a "b" <c>#x`}, `a "b" <c>#x`: nil,
	})
	if cycle != nil {
		t.Fatal(cycle)
	}
	d := draw.Drawing{Graph: g, Beside: map[string][]string{"api#build": {"ui#build"}, "ui#build": {"api#build"}}, Notes: make(map[string]draw.Note)}
	for _, node := range g.Nodes() {
		d.Notes[node] = draw.Note{Help: "builds <" + node, Command: "go build"}
	}
	return d
}

func TestDOT(t *testing.T) {
	t.Parallel()
	const want = `digraph tasks {
	rankdir=RL
	node [shape=box, style=rounded, fontname="sans-serif"]
	"a \"b\" <c>#x"
	"api#build"
	"api#build" -> "a \"b\" <c>#x"
	"ui#build"
	"ui#build" -> "a \"b\" <c>#x"
	"app#build"
	"app#build" -> "api#build"
	"app#build" -> "ui#build"
	"api#build" -> "ui#build" [dir=none, style=dashed, constraint=false]
}
`
	if got := draw.DOT(diamond(t)); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestMermaid(t *testing.T) {
	t.Parallel()
	const want = `flowchart RL
	n0["a #quot;b#quot; #lt;c#gt;#35;x"]
	n1["api#35;build"]
	n1 --> n0
	n2["ui#35;build"]
	n2 --> n0
	n3["app#35;build"]
	n3 --> n1
	n3 --> n2
	n1 -.- n2
`
	if got := draw.Mermaid(diamond(t)); got != want {
		t.Errorf("got\n%s", got)
	}
}

// A picture is well-formed, has each node, and a line for each dependency.
func TestSVG(t *testing.T) {
	t.Parallel()
	got := draw.SVG(diamond(t))
	wellFormed(t, got)
	for what, want := range map[string]int{"<rect": 4, "<path": 5, `role="img"`: 1, "<title>": 1, "<a ": 0} {
		if n := strings.Count(got, what); n != want {
			t.Errorf("%d times %s, want %d", n, what, want)
		}
	}
}

// The page leads from each node to its neighbours and back, by links that all lead somewhere, and runs nothing.
func TestHTML(t *testing.T) {
	t.Parallel()
	got, err := draw.HTML(diamond(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<script", "onclick", "javascript:", "http://", "https://", "<c>"} {
		if strings.Contains(strings.ReplaceAll(got, "http://www.w3.org/2000/svg", ""), never) {
			t.Errorf("the page holds %s", never)
		}
	}
	anchors := make(map[string]bool)
	for _, m := range regexp.MustCompile(`<li id="([^"]*)"`).FindAllStringSubmatch(got, -1) {
		anchors[m[1]] = true
	}
	links := regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(got, -1)
	if want := 4 + 2*4 + 2; len(anchors) != 4 || len(links) != want {
		t.Errorf("%d places and %d links, want 4 and %d", len(anchors), len(links), want)
	}
	for _, m := range links {
		if !anchors[m[1]] {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
	_, picture, _ := strings.Cut(got, "<svg")
	picture, _, _ = strings.Cut(picture, "</svg>")
	wellFormed(t, "<svg"+picture+"</svg>")
}

func TestAnEmptyGraphCanBeDrawn(t *testing.T) {
	t.Parallel()
	g, _ := graph.Build(map[string][]string{})
	wellFormed(t, draw.SVG(draw.Drawing{Graph: g}))
	if _, err := draw.HTML(draw.Drawing{Graph: g}); err != nil {
		t.Error(err)
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	from := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := from.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, text)
		}
	}
}
