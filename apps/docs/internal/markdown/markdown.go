// Package markdown turns the guides' Markdown into HTML made of the components of packages/ui.
//
// The text is GitHub's dialect (tables, task lists, strikethrough) with GitHub's callouts, so
// that a guide reads as well on a code host:
//
//	> [!TIP]
//	> Press / to search.
//
// Links and images are written as files, "scaling-out.md#redis" or "images/room.png", and the caller
// says which address stands for each. HTML inside Markdown is not passed on.
package markdown

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A Document is one Markdown file, read.
type Document struct {
	// Title is the text of the first heading. The HTML does not repeat it.
	Title string
	// Summary is the text of the first paragraph.
	Summary string
	HTML    string
	// Sections are the headings below the title, each with the text up to the next. The first
	// has no heading: it is what stands before them.
	Sections []Section
}

// A Section is a heading and the text below it.
type Section struct {
	// Level is 2 or more, or 0 for what stands before the first heading.
	Level   int
	ID      string
	Heading string
	Text    string
	// Links are the destinations of the section's links as written, in order.
	Links []string
}

// A Resolver returns the address of what the destination of a link or an image names. It is asked
// about relative destinations only.
type Resolver func(destination string) (string, error)

// Parse reads a Markdown file. All links that resolve cannot place are named in the error; a
// file without a title is an error too.
func Parse(source []byte, resolve Resolver) (*Document, error) {
	md := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(&parts{}, 100))),
	)
	root := md.Parser().Parse(text.NewReader(source))
	d := &Document{}
	title := root.FirstChild()
	if h, ok := title.(*ast.Heading); !ok || h.Level != 1 {
		return nil, errors.New(`no title: begin the file with a line "# Title"`)
	}
	d.Title = plain(title, source)
	root.RemoveChild(root, title)
	if p, ok := root.FirstChild().(*ast.Paragraph); ok {
		d.Summary = plain(p, source)
	}
	markCallouts(root, source)
	d.collect(root, source)
	if err := relink(root, resolve); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := md.Renderer().Render(&out, source, root); err != nil {
		return nil, err
	}
	d.HTML = out.String()
	return d, nil
}

// relink replaces each relative destination by the address of what it names.
func relink(root ast.Node, resolve Resolver) error {
	var problems []error
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		var to *[]byte
		switch n := n.(type) {
		case *ast.Link:
			to = &n.Destination
		case *ast.Image:
			to = &n.Destination
		}
		if to == nil || !entering {
			return ast.WalkContinue, nil
		}
		destination := string(*to)
		if strings.Contains(destination, "://") || strings.HasPrefix(destination, "#") || strings.HasPrefix(destination, "mailto:") {
			return ast.WalkContinue, nil
		}
		address, err := resolve(destination)
		if err != nil {
			problems = append(problems, fmt.Errorf("link to %s: %w", destination, err))
		}
		*to = []byte(address)
		return ast.WalkContinue, nil
	})
	return errors.Join(append(problems, err)...)
}

// collect fills the sections.
func (d *Document) collect(root ast.Node, source []byte) {
	d.Sections = []Section{{}}
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok {
			last := &d.Sections[len(d.Sections)-1]
			last.Text += plain(n, source) + "\n"
			last.Links = append(last.Links, destinations(n)...)
			continue
		}
		id, _ := h.AttributeString("id")
		anchor, _ := id.([]byte)
		d.Sections = append(d.Sections, Section{Level: h.Level, ID: string(anchor), Heading: plain(h, source)})
	}
}

func destinations(n ast.Node) []string {
	var found []string
	// The walker below never fails.
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if link, ok := n.(*ast.Link); ok && entering {
			found = append(found, string(link.Destination))
		}
		return ast.WalkContinue, nil
	})
	return found
}

// plain returns a node's text without markup.
func plain(n ast.Node, source []byte) string {
	var out strings.Builder
	// The walker below never fails.
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch t := n.(type) {
		case *ast.Text:
			if entering {
				out.Write(t.Value(source))
				if t.SoftLineBreak() || t.HardLineBreak() {
					out.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				out.Write(t.Value)
			}
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			if entering {
				out.Write(n.Lines().Value(source))
			}
		default:
			if !entering && n.Type() == ast.TypeBlock {
				out.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(out.String())
}
