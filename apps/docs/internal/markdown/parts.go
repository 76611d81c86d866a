package markdown

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"strings"

	"github.com/a-h/templ"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"

	"magpie.build/apps/docs/internal/highlight"
	"magpie.build/packages/ui/alert"
	"magpie.build/packages/ui/codeblock"
)

// parts renders what looks different on our pages than in plain HTML.
type parts struct{}

// RegisterFuncs implements [renderer.NodeRenderer].
func (p *parts) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindHeading, p.heading)
	r.Register(ast.KindFencedCodeBlock, p.code)
	r.Register(ast.KindCodeBlock, p.code)
	r.Register(kindCallout, p.callout)
}

// heading gives each heading a link to itself.
func (p *parts) heading(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	h, ok := n.(*ast.Heading)
	if !ok {
		return ast.WalkStop, fmt.Errorf("render a heading: got %s", n.Kind())
	}
	id, _ := h.AttributeString("id")
	anchor, _ := id.([]byte)
	if entering {
		_, err := fmt.Fprintf(w, `<h%d id="%s">`, h.Level, html.EscapeString(string(anchor)))
		return ast.WalkContinue, err
	}
	_, err := fmt.Fprintf(w, ` <a class="anchor" href="#%s" aria-label="Link to %s">#</a></h%d>`+"\n",
		html.EscapeString(string(anchor)), html.EscapeString(plain(n, source)), h.Level)
	return ast.WalkContinue, err
}

func (p *parts) code(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	props := codeblock.Props{}
	if fenced, ok := n.(*ast.FencedCodeBlock); ok {
		props.Language = string(fenced.Language(source))
		if fenced.Info != nil {
			_, title, _ := strings.Cut(string(fenced.Info.Value(source)), " ")
			props.Title = strings.TrimSpace(title)
		}
	}
	props.HighlightedHTML = highlight.Code(props.Language, strings.TrimRight(string(n.Lines().Value(source)), "\n"), highlight.Options{})
	before, after := "", ""
	if props.Title == "" {
		before, after = `<div class="code">`, `</div>` // a name for the language is not worth a line
	}
	if _, err := w.WriteString(before); err != nil {
		return ast.WalkStop, err
	}
	//nolint:forbidigo // goldmark hands no context on, and nothing here waits
	if err := codeblock.CodeBlock(props).Render(context.Background(), w); err != nil {
		return ast.WalkStop, err
	}
	_, err := w.WriteString(after)
	return ast.WalkSkipChildren, err
}

func (p *parts) callout(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	c, ok := n.(*callout)
	if !ok {
		return ast.WalkStop, fmt.Errorf("render a callout: got %s", n.Kind())
	}
	before, after, err := around(alert.Alert(c.props))
	if err != nil {
		return ast.WalkStop, err
	}
	if entering {
		_, err = w.WriteString(before)
	} else {
		_, err = w.WriteString(after)
	}
	return ast.WalkContinue, err
}

// around returns what a component writes before and after its children.
func around(c templ.Component) (before, after string, err error) {
	const children = "<!--children-->"
	var out bytes.Buffer
	ctx := templ.WithChildren(context.Background(), templ.Raw(children)) //nolint:forbidigo // goldmark hands no context on, and nothing here waits
	if err := c.Render(ctx, &out); err != nil {
		return "", "", err
	}
	before, after, _ = strings.Cut(out.String(), children)
	return before, after, nil
}
