package load

import (
	"cmp"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Package is one package of the workspace with everything that its documentation shows.
type Package struct {
	Module *Module
	Path   string // magpie.build/packages/pubsub/redis
	Dir    string // packages/pubsub/redis, with slashes, relative to the root
	Name   string

	// Doc is the package comment, and Synopsis its first sentence.
	Doc      string
	Synopsis string
	// Deprecated says what to use instead, or is empty.
	Deprecated string

	Consts, Vars, Funcs, Types []*Symbol
	Examples                   []*Example
	// Files are the Go files in build order, then the tests, then what else belongs to the
	// package's source: templates, styles, scripts.
	Files []*File
	// ImportedBy are the workspace's packages that import this one, ordered by folder.
	ImportedBy []*Package

	loaded *packages.Package
	doc    *doc.Package
}

// IsCommand says whether the package is a program.
func (p *Package) IsCommand() bool { return p.Name == "main" }

// IsInternal says whether only code of the same tree may import the package.
func (p *Package) IsInternal() bool {
	return slices.Contains(strings.Split(p.Path, "/"), "internal")
}

// SynopsisOf returns the first sentence of a comment of this package, without markup.
func (p *Package) SynopsisOf(text string) string { return p.doc.Synopsis(text) }

// Parse turns a comment of this package into its parts, with the package's own names as links.
func (p *Package) Parse(text string) *comment.Doc { return p.doc.Parser().Parse(text) }

// Info holds the type checker's facts about the package's files.
func (p *Package) Info() *types.Info { return p.loaded.TypesInfo }

// Checked returns the type checker's view of the package.
func (p *Package) Checked() *types.Package { return p.loaded.Types }

// Symbols yields every symbol of the package in the order of its page.
func (p *Package) Symbols() []*Symbol {
	all := slices.Concat(p.Consts, p.Vars, p.Funcs)
	for _, t := range p.Types {
		all = append(all, t)
		all = slices.Concat(all, t.Consts, t.Vars, t.Funcs, t.Methods)
	}
	return all
}

func newPackage(w *Workspace, m *Module, loaded *packages.Package) (*Package, error) {
	dir, err := w.rel(filepath.Dir(loaded.GoFiles[0]))
	if err != nil {
		return nil, err
	}
	p := &Package{Module: m, Path: loaded.PkgPath, Dir: dir, Name: loaded.Name, loaded: loaded}
	if p.Files, err = w.files(p); err != nil {
		return nil, err
	}
	tests, err := w.parseTests(p)
	if err != nil {
		return nil, err
	}
	// go/doc takes the syntax trees over, so whatever needs function bodies is done by now.
	p.doc, err = doc.NewFromFiles(w.fset, slices.Concat(loaded.Syntax, tests), p.Path)
	if err != nil {
		return nil, err
	}
	p.Doc = cmp.Or(p.doc.Doc, p.templateDoc())
	p.Synopsis, p.Deprecated = p.doc.Synopsis(p.Doc), deprecation(p.Doc)
	p.describe(w)
	return p, nil
}

// parseTests parses the package's test files: they hold its examples.
func (w *Workspace) parseTests(p *Package) ([]*ast.File, error) {
	var tests []*ast.File
	for _, f := range p.Files {
		if !strings.HasSuffix(f.Name, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(w.fset, filepath.Join(w.Root, filepath.FromSlash(f.Name)), f.Source, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		tests = append(tests, parsed)
	}
	return tests, nil
}

// templateDoc returns the package comment of a template: what templ generates has an empty line
// below it, so that Go does not take it for one.
func (p *Package) templateDoc() string {
	for _, f := range p.Files {
		head, _, found := strings.Cut(string(f.Source), "\npackage ")
		if !found || !strings.HasSuffix(f.Name, ".templ") || !strings.HasPrefix(head, "// Package ") {
			continue
		}
		lines := strings.Split(head, "\n")
		for i, line := range lines {
			lines[i] = strings.TrimPrefix(strings.TrimPrefix(line, "//"), " ")
		}
		return strings.Join(lines, "\n") + "\n"
	}
	return ""
}

// deprecation returns what a "Deprecated:" paragraph says.
func deprecation(text string) string {
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if rest, ok := strings.CutPrefix(paragraph, "Deprecated: "); ok {
			return strings.Join(strings.Fields(rest), " ")
		}
	}
	return ""
}
