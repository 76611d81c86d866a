package render

import (
	"go/ast"
	"go/types"
	"path"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"magpie.build/apps/docs/internal/load"
	"magpie.build/apps/docs/internal/search"
	"magpie.build/packages/ui/breadcrumb"
	"magpie.build/packages/ui/gallery"
	"magpie.build/packages/ui/nav"
)

// A component is one of the gallery's, with its package where the workspace has it.
type component struct {
	gallery.Component

	site *Site
	pkg  *load.Package
}

func (c component) address() string { return componentsAt + c.Name + "/" }

// planComponents adds the gallery: a page for each component of packages/ui. A workspace
// without that package has no gallery.
func (s *Site) planComponents() {
	var components []component
	for _, c := range gallery.Components(s.asset("ui.css")) {
		if p := s.sources.Workspace.Package(c.Import); p != nil {
			components = append(components, component{Component: c, site: s, pkg: p})
		}
	}
	if len(components) == 0 {
		return
	}
	contents := nav.Item{Label: "Components", Href: componentsAt}
	s.add(&Page{
		Address: componentsAt, Title: "Components", section: componentsAt,
		Description: "What every page is made of, with examples to look at and to copy.",
		body:        func() templ.Component { return componentList(components) },
	})
	for _, c := range components {
		contents.Items = append(contents.Items, nav.Item{Label: c.Name, Href: c.address()})
		s.add(&Page{
			Address: c.address(), Title: c.Name, Description: c.pkg.Synopsis, section: componentsAt,
			parents: []breadcrumb.Item{{Label: "Components", Href: componentsAt}},
			outline: c.outline(), entries: c.entries,
			body: func() templ.Component { return componentPage(c) },
		})
	}
	s.sections = append(s.sections, contents)
}

func (c component) outline() []nav.Item {
	items := []nav.Item{{Label: "Examples", Href: "#examples"}}
	for _, e := range c.Examples {
		items[0].Items = append(items[0].Items, nav.Item{Label: spaced(e.Name), Href: "#" + e.Name})
	}
	for _, p := range c.props() {
		items = append(items, nav.Item{Label: p.Name(), Href: "#" + p.Name()})
	}
	return items
}

func (c component) entries() []search.Entry {
	entries := []search.Entry{{
		URL: c.address(), Title: c.Name, Where: "Components", Kind: "component", Summary: c.pkg.Synopsis, Text: c.Doc, Boost: 35,
	}}
	for _, e := range c.Examples {
		entries = append(entries, search.Entry{
			URL: anchored(c.address(), e.Name), Title: c.Name + ": " + spaced(e.Name), Where: "Components", Kind: "example",
			Summary: excerpt(e.Doc), Text: e.Doc + "\n" + e.Source,
		})
	}
	return entries
}

// spaced turns an example's name into words: WithError is "With error".
func spaced(name string) string {
	var out strings.Builder
	for i, r := range name {
		if i > 0 && 'A' <= r && r <= 'Z' {
			out.WriteByte(' ')
			r += 'a' - 'A'
		}
		out.WriteRune(r)
	}
	return out.String()
}

// templates are the functions of the package that make components.
func (c component) templates() []*load.Symbol {
	return slices.DeleteFunc(slices.Clone(c.pkg.Funcs), func(s *load.Symbol) bool { return !isGenerated(s.File) })
}

// props are the structs that the package's templates take.
func (c component) props() []*load.Symbol {
	return slices.DeleteFunc(slices.Clone(c.pkg.Types), func(s *load.Symbol) bool {
		return len(s.Members) == 0 || s.Members[0].Kind != load.Field
	})
}

// A prop is a row of a table of props.
type prop struct {
	name, typ, href, doc string
	values               []value
}

// A value is a constant of a prop's type.
type value struct{ name, literal, doc string }

func (c component) rows(s *load.Symbol) []prop {
	rows := make([]prop, 0, len(s.Members))
	for _, m := range s.Members {
		p := prop{name: m.Name, doc: m.Doc, typ: types.TypeString(m.Type, qualifier(c.pkg))}
		if named, ok := types.Unalias(m.Type).(*types.Named); ok {
			if target, ok := c.site.sources.Workspace.Find(named.Obj()); ok {
				p.href = c.site.href(target)
			}
			p.values = c.site.values(named)
		}
		rows = append(rows, p)
	}
	return rows
}

func qualifier(p *load.Package) types.Qualifier {
	return func(other *types.Package) string {
		if other.Path() == p.Path {
			return ""
		}
		return other.Name()
	}
}

// maxValues bounds what a table shows of an enumeration; a longer one is a link to its type.
const maxValues = 12

// values returns the constants of an enumeration of this workspace, as they are declared.
func (s *Site) values(named *types.Named) []value {
	if named.Obj().Pkg() == nil {
		return nil
	}
	p := s.sources.Workspace.Package(named.Obj().Pkg().Path())
	if p == nil {
		return nil
	}
	var values []value
	for _, t := range p.Types {
		if t.Name() == named.Obj().Name() {
			for _, group := range t.Consts {
				values = append(values, constants(p, group)...)
			}
		}
	}
	if len(values) > maxValues {
		return nil
	}
	return values
}

func constants(p *load.Package, group *load.Symbol) []value {
	decl, ok := group.Decl.(*ast.GenDecl)
	if !ok {
		return nil
	}
	var values []value
	for _, spec := range decl.Specs {
		spec, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for _, name := range spec.Names {
			if c, ok := p.Checked().Scope().Lookup(name.Name).(*types.Const); ok {
				doc := strings.TrimSpace(spec.Doc.Text() + spec.Comment.Text())
				values = append(values, value{name: name.Name, literal: c.Val().String(), doc: doc})
			}
		}
	}
	return values
}

// sourceOf returns the address of the template that a component is written in.
func (c component) sourceOf() string {
	return c.site.sourceAddress(path.Join(c.pkg.Dir, c.Name+"_templ.go"), 0, exported(c.Name))
}

func exported(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
