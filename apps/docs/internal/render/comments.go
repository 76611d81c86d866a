package render

import (
	"bytes"
	"context"
	"go/doc/comment"
	"go/parser"
	"html"
	"strings"

	"magpie.build/apps/docs/internal/highlight"
	"magpie.build/apps/docs/internal/load"
	"magpie.build/packages/ui/codeblock"
)

// comment renders a doc comment of a package as HTML. Headings of a symbol's comment get the
// symbol's name as prefix, since several comments share a page.
func (s *Site) comment(p *load.Package, text, prefix string) string {
	if text == "" {
		return ""
	}
	printer := comment.Printer{
		HeadingLevel: 3,
		HeadingID: func(h *comment.Heading) string {
			if prefix == "" {
				return h.DefaultID()
			}
			return prefix + "-" + h.DefaultID()
		},
		DocLinkURL: func(link *comment.DocLink) string { return s.docLink(p, link) },
	}
	parsed := p.Parse(text)
	var out strings.Builder
	for _, block := range parsed.Content {
		if code, ok := block.(*comment.Code); ok {
			out.WriteString(codeBlock(commentLanguage(code.Text), "", strings.TrimRight(code.Text, "\n")))
			continue
		}
		out.Write(printer.HTML(&comment.Doc{Content: []comment.Block{block}, Links: parsed.Links}))
	}
	return out.String()
}

func (s *Site) docLink(p *load.Package, link *comment.DocLink) string {
	t := load.Target{Package: link.ImportPath, Symbol: link.Name}
	if t.Package == "" {
		t.Package = p.Path
	}
	if link.Recv != "" {
		t.Symbol = strings.TrimPrefix(link.Recv, "*") + "." + link.Name
	}
	return s.href(t)
}

// commentLanguage guesses what the code in a comment is: Go where it parses as Go.
func commentLanguage(code string) string {
	const body = "package p\nfunc _() {\n"
	for _, wrapped := range []string{body + code + "\n}", "package p\n" + code, code} {
		if _, err := parser.ParseFile(newFileSet(), "", wrapped, parser.SkipObjectResolution); err == nil {
			return "go"
		}
	}
	return ""
}

// codeBlock renders a block of code with its colours.
func codeBlock(language, title, source string) string {
	return codeBlockHTML(language, title, highlight.Code(language, source, highlight.Options{}))
}

func codeBlockHTML(language, title, code string) string {
	var out bytes.Buffer
	block := codeblock.CodeBlock(codeblock.Props{Language: language, Title: title, HighlightedHTML: code})
	if err := block.Render(context.Background(), &out); err != nil { //nolint:forbidigo // writes to memory and waits for nothing
		return "<pre>" + html.EscapeString(err.Error()) + "</pre>"
	}
	if title == "" {
		return `<div class="code">` + out.String() + `</div>` // a name for the language is not worth a line
	}
	return out.String()
}

// plainComment returns the text of a comment without its markup.
func plainComment(text []comment.Text) string {
	var out strings.Builder
	for _, t := range text {
		switch t := t.(type) {
		case comment.Plain:
			out.WriteString(string(t))
		case comment.Italic:
			out.WriteString(string(t))
		case *comment.Link:
			out.WriteString(plainComment(t.Text))
		case *comment.DocLink:
			out.WriteString(plainComment(t.Text))
		}
	}
	return out.String()
}
