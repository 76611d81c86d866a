package web_test

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	node, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return node
}

// elements are all elements of a page, in their order.
func elements(node *html.Node) iter.Seq[*html.Node] {
	return func(yield func(*html.Node) bool) {
		for n := range node.Descendants() {
			if n.Type == html.ElementNode && !yield(n) {
				return
			}
		}
	}
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// indented writes a page one element a line, its attributes sorted: two pages that browsers take as the
// same are the same text. Drawings are left out.
func indented(node *html.Node) string {
	var b strings.Builder
	indent(&b, node, 0)
	return b.String()
}

func indent(b *strings.Builder, node *html.Node, depth int) {
	margin := strings.Repeat("  ", max(0, depth))
	switch node.Type {
	case html.TextNode:
		if text := strings.TrimSpace(node.Data); text != "" {
			fmt.Fprintf(b, "%s%s\n", margin, text)
		}
		return
	case html.ElementNode:
		slices.SortFunc(node.Attr, func(x, y html.Attribute) int { return cmp.Compare(x.Key, y.Key) })
		fmt.Fprintf(b, "%s<%s", margin, node.Data)
		for _, a := range node.Attr {
			fmt.Fprintf(b, " %s=%q", a.Key, a.Val)
		}
		b.WriteString(">\n")
		if node.Data == "svg" {
			return
		}
		depth++
	default:
	}
	for child := range node.ChildNodes() {
		indent(b, child, depth)
	}
}
