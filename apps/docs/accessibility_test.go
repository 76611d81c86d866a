package main

import (
	"path"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"magpie.build/apps/docs/internal/workspacetest"
)

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// text is what a screen reader says of a node: its content, with labels in place of pictures.
func text(n *html.Node) string {
	if label, ok := attribute(n, "aria-label"); ok {
		return label
	}
	if n.Type == html.TextNode {
		return n.Data
	}
	var out strings.Builder
	for child := range n.ChildNodes() {
		out.WriteString(text(child))
	}
	return strings.TrimSpace(out.String())
}

func TestPagesKeepTheRulesOfAccessibility(t *testing.T) {
	for name, content := range mustBuild(t, workspacetest.Write(t, shop)) {
		if path.Ext(name) != ".html" {
			continue
		}
		root, err := html.Parse(strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		headings, labels := 0, map[string]bool{}
		for n := range root.Descendants() {
			if target, ok := attribute(n, "for"); ok && n.Data == "label" {
				labels[target] = true
			}
		}
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
					t.Errorf("%s: <%s> has the attribute %s, which the policy forbids", name, n.Data, a.Key)
				}
			}
			switch n.Data {
			case "html":
				if lang, _ := attribute(n, "lang"); lang == "" {
					t.Errorf("%s does not say its language", name)
				}
			case "h1":
				headings++
			case "a", "button":
				if text(n) == "" {
					t.Errorf("%s: a <%s> has no name: %v", name, n.Data, n.Attr)
				}
			case "input":
				id, _ := attribute(n, "id")
				_, named := attribute(n, "aria-label")
				if !named && !labels[id] && n.Parent.Data != "label" {
					t.Errorf("%s: an input has no label: %v", name, n.Attr)
				}
			case "script", "style":
				if _, linked := attribute(n, "src"); !linked {
					t.Errorf("%s: inline <%s>", name, n.Data)
				}
			}
		}
		if headings != 1 {
			t.Errorf("%s has %d headings of the first level, want 1", name, headings)
		}
	}
}
