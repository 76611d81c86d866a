package render

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/token"
	"slices"
	"strings"

	"magpie.build/apps/docs/internal/highlight"
	"magpie.build/apps/docs/internal/load"
)

func newFileSet() *token.FileSet { return token.NewFileSet() }

// declaration renders a declaration with every name in it linked to where it is documented.
// Fields, interface methods and grouped constants become anchors.
func (v packageView) declaration(s *load.Symbol) string {
	source := v.printed(s)
	idents := identifiers(s.Decl)
	next := 0
	return codeBlockHTML("go", "", highlight.Go(source, highlight.Options{Mark: func(_ int, name string) highlight.Mark {
		at := slices.IndexFunc(idents[next:], func(i *ast.Ident) bool { return i.Name == name })
		if at < 0 {
			return highlight.Mark{}
		}
		ident := idents[next+at]
		next += at + 1
		return highlight.Mark{Href: v.linkOf(ident), ID: v.anchorOf(s, ident)}
	}}))
}

func (v packageView) printed(s *load.Symbol) []byte {
	var out bytes.Buffer
	if err := format.Node(&out, v.site.sources.Workspace.FileSet(), s.Decl); err != nil {
		return []byte(err.Error())
	}
	return out.Bytes()
}

// signature is a declaration on one line, for the index.
func (v packageView) signature(s *load.Symbol) string {
	if s.Kind == load.Type {
		return "type " + s.Name()
	}
	return strings.Join(strings.Fields(string(v.printed(s))), " ")
}

// identifiers returns the identifiers of a declaration in the order in which they are printed.
func identifiers(decl ast.Decl) []*ast.Ident {
	var found []*ast.Ident
	ast.Inspect(decl, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok {
			found = append(found, ident)
		}
		return true
	})
	return found
}

func (v packageView) linkOf(ident *ast.Ident) string {
	target, ok := v.site.sources.Workspace.Find(v.Info().Uses[ident])
	if !ok {
		return ""
	}
	return v.site.href(target)
}

// anchorOf returns the anchor of what an identifier declares, unless its heading has it.
func (v packageView) anchorOf(s *load.Symbol, ident *ast.Ident) string {
	switch s.Kind {
	case load.Const, load.Var:
		if slices.Contains(s.Names, ident.Name) && v.Info().Defs[ident] != nil {
			return ident.Name
		}
	case load.Type:
		if v.Info().Defs[ident] != nil && slices.ContainsFunc(s.Members, func(m load.Member) bool { return m.Declares(ident) }) {
			return s.Name() + "." + ident.Name
		}
	default:
	}
	return ""
}
