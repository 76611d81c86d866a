package htmltest

import (
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// Format writes a tree so that two of them compare line by line: an element a line, its attributes in their order, children indented, and
// white space between words as one blank, but in pre and textarea as it is.
func Format(root *html.Node) string {
	var b strings.Builder
	for c := range root.ChildNodes() {
		format(&b, c, 0, false)
	}
	return b.String()
}

func format(b *strings.Builder, n *html.Node, depth int, verbatim bool) {
	indent := strings.Repeat("  ", depth)
	switch n.Type {
	case html.DoctypeNode:
		fmt.Fprintf(b, "<!doctype %s>\n", n.Data)
	case html.TextNode:
		if verbatim {
			fmt.Fprintf(b, "%s%q\n", indent, n.Data)
		} else if text := strings.Join(strings.Fields(n.Data), " "); text != "" {
			fmt.Fprintf(b, "%s%s\n", indent, text)
		}
	case html.ElementNode:
		fmt.Fprintf(b, "%s<%s%s>\n", indent, n.Data, attributes(n))
		verbatim = verbatim || n.Data == "pre" || n.Data == "textarea"
		for c := range n.ChildNodes() {
			format(b, c, depth+1, verbatim)
		}
	default:
		// Comments change nothing that people see.
	}
}

func attributes(n *html.Node) string {
	var b strings.Builder
	for _, a := range n.Attr {
		fmt.Fprintf(&b, " %s=%q", a.Key, a.Val)
	}
	return b.String()
}
