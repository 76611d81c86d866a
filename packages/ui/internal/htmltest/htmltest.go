// Package htmltest helps tests to look at what a component renders.
package htmltest

import (
	"context"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Render returns the HTML of a component and fails the test if it cannot be rendered.
func Render(tb testing.TB, c templ.Component) string {
	tb.Helper()
	var b strings.Builder
	if err := c.Render(tb.Context(), &b); err != nil {
		tb.Fatalf("render: %v", err)
	}
	return b.String()
}

// With returns a component with a text as its children.
func With(c templ.Component, text string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Raw(templ.EscapeString(text))), w)
	})
}

// Parse renders a component and returns its nodes below one root. A component that is a whole document is parsed as one.
func Parse(tb testing.TB, c templ.Component) *html.Node {
	tb.Helper()
	text := Render(tb, c)
	if strings.HasPrefix(strings.ToLower(text), "<!doctype") {
		root, err := html.Parse(strings.NewReader(text))
		if err != nil {
			tb.Fatalf("parse: %v", err)
		}
		return root
	}
	root := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(text), root)
	if err != nil {
		tb.Fatalf("parse: %v", err)
	}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return root
}

// Elements yields the elements below a node in document order. Without names it yields all, else those with one of the names.
func Elements(root *html.Node, names ...string) iter.Seq[*html.Node] {
	return func(yield func(*html.Node) bool) {
		for n := range root.Descendants() {
			if n.Type == html.ElementNode && (len(names) == 0 || slices.Contains(names, n.Data)) && !yield(n) {
				return
			}
		}
	}
}

// One returns the only element with a name, and fails the test if there are none or several.
func One(tb testing.TB, root *html.Node, name string) *html.Node {
	tb.Helper()
	found := slices.Collect(Elements(root, name))
	if len(found) != 1 {
		tb.Fatalf("there are %d elements <%s>, want 1", len(found), name)
	}
	return found[0]
}

// Attr returns an attribute's value, and whether there is one.
func Attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// Text returns the text in a node and all below it, as it is.
func Text(root *html.Node) string {
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}
