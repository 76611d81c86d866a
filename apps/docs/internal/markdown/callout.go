package markdown

import (
	"strings"

	"github.com/yuin/goldmark/ast"

	"magpie.build/packages/ui/alert"
)

// A callout is a quote that begins with [!NOTE] or one of its kin.
type callout struct {
	ast.BaseBlock

	props alert.Props
}

var kindCallout = ast.NewNodeKind("Callout")

// Kind implements [ast.Node].
func (*callout) Kind() ast.NodeKind { return kindCallout }

// Dump implements [ast.Node].
func (c *callout) Dump(source []byte, level int) { ast.DumpHelper(c, source, level, nil, nil) }

func calloutProps(marker string) (alert.Props, bool) {
	switch marker {
	case "[!NOTE]":
		return alert.Props{Title: "Note"}, true
	case "[!TIP]":
		return alert.Props{Title: "Tip", Tone: alert.Success}, true
	case "[!IMPORTANT]":
		return alert.Props{Title: "Important"}, true
	case "[!WARNING]":
		return alert.Props{Title: "Warning", Tone: alert.Warning}, true
	case "[!CAUTION]":
		return alert.Props{Title: "Caution", Tone: alert.Danger}, true
	default:
		return alert.Props{}, false
	}
}

// markCallouts replaces the quotes at the top of a document that are callouts.
func markCallouts(root ast.Node, source []byte) {
	for n := root.FirstChild(); n != nil; {
		next := n.NextSibling()
		if quote, ok := n.(*ast.Blockquote); ok {
			if props, ok := takeMarker(quote, source); ok {
				c := &callout{props: props}
				for child := quote.FirstChild(); child != nil; child = quote.FirstChild() {
					c.AppendChild(c, child)
				}
				root.ReplaceChild(root, quote, c)
			}
		}
		n = next
	}
}

// takeMarker removes the first line of a quote if it is a callout's marker.
func takeMarker(quote *ast.Blockquote, source []byte) (alert.Props, bool) {
	first, ok := quote.FirstChild().(*ast.Paragraph)
	if !ok || first.Lines().Len() == 0 {
		return alert.Props{}, false
	}
	line := first.Lines().At(0)
	props, ok := calloutProps(strings.TrimSpace(string(line.Value(source))))
	if !ok {
		return alert.Props{}, false
	}
	for n := first.FirstChild(); n != nil; n = first.FirstChild() {
		if t, ok := n.(*ast.Text); ok && t.Segment.Start >= line.Stop {
			break
		} else if !ok {
			break
		}
		first.RemoveChild(first, n)
	}
	if first.ChildCount() == 0 {
		quote.RemoveChild(quote, first)
	}
	return props, true
}
