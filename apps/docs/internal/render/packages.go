package render

import (
	"cmp"
	"go/doc/comment"
	"path"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"magpie.build/apps/docs/internal/load"
	"magpie.build/apps/docs/internal/search"
	"magpie.build/packages/ui/breadcrumb"
	"magpie.build/packages/ui/nav"
)

// planPackages adds the list of packages, a page for each, and the index of all symbols.
func (s *Site) planPackages() {
	w := s.sources.Workspace
	contents := nav.Item{Label: "Packages", Href: packagesAt}
	overview := s.add(&Page{
		Address: packagesAt, Title: "Packages", section: packagesAt,
		Description: "Every package of the workspace, by module.",
		body:        func() templ.Component { return packageList(w.Modules) },
	})
	for _, m := range w.Modules {
		overview.outline = append(overview.outline, nav.Item{Label: m.Dir, Href: "#" + m.Dir})
		module := nav.Item{Label: m.Dir, Href: packagesAt + "#" + m.Dir}
		for _, p := range m.Packages {
			s.addPackage(p)
			if path.Base(p.Dir) == "examples" {
				continue // reached from the page of what they are examples of
			}
			module.Items = append(module.Items, nav.Item{Label: within(m, p), Href: packageAddress(p)})
		}
		contents.Items = append(contents.Items, foldOne(module))
	}
	contents.Items = append(contents.Items, nav.Item{Label: "All symbols", Href: symbolsAt})
	s.sections = append(s.sections, contents)
	s.add(&Page{
		Address: symbolsAt, Title: "All symbols", section: packagesAt,
		Description: "Every exported name of the workspace, in alphabetical order.",
		parents:     []breadcrumb.Item{{Label: "Packages", Href: packagesAt}},
		body:        func() templ.Component { return symbolIndex(s.allSymbols()) },
	})
}

// foldOne makes a section with a single item that item.
func foldOne(section nav.Item) nav.Item {
	if len(section.Items) == 1 {
		return nav.Item{Label: section.Label, Href: section.Items[0].Href}
	}
	return section
}

// within names a package inside its module.
func within(m *load.Module, p *load.Package) string {
	if p.Dir == m.Dir {
		return path.Base(p.Dir)
	}
	return strings.TrimPrefix(p.Dir, m.Dir+"/")
}

func (s *Site) addPackage(p *load.Package) {
	v := packageView{site: s, Package: p}
	page := s.add(&Page{
		Address:     packageAddress(p),
		Title:       p.Dir,
		Description: p.Synopsis,
		section:     packagesAt,
		parents:     []breadcrumb.Item{{Label: "Packages", Href: packagesAt}},
		outline:     v.outline(),
		entries:     v.entries,
		body:        func() templ.Component { return packagePage(v) },
	})
	if p.Dir != p.Module.Dir {
		page.parents = append(page.parents, breadcrumb.Item{Label: p.Module.Dir, Href: packagesAt + "#" + p.Module.Dir})
	}
}

// A packageView is a package as its page shows it.
type packageView struct {
	*load.Package

	site *Site
}

// kind says what the package is, in a word.
func (v packageView) kind() string {
	switch {
	case v.IsCommand():
		return "command"
	case v.IsInternal():
		return "internal"
	default:
		return "package"
	}
}

// children are the packages right below this one.
func (v packageView) children() []*load.Package {
	var below []*load.Package
	for _, p := range v.site.sources.Workspace.Packages {
		if strings.HasPrefix(p.Dir, v.Dir+"/") {
			below = append(below, p)
		}
	}
	return below
}

// shownFiles are the files that a reader may want to open.
func (v packageView) shownFiles() []*load.File {
	return slices.DeleteFunc(slices.Clone(v.Files), func(f *load.File) bool { return isGenerated(f.Name) })
}

func (v packageView) source(s *load.Symbol) string {
	return v.site.sourceAddress(s.File, s.Line, s.Name())
}

func (v packageView) prose(text, prefix string) templ.Component {
	return templ.Raw(v.site.comment(v.Package, text, prefix))
}

func (v packageView) synopsis(s *load.Symbol) string { return v.SynopsisOf(s.Doc) }

func (v packageView) outline() []nav.Item {
	var items []nav.Item
	for _, h := range v.headings() {
		items = append(items, nav.Item{Label: h.plain, Href: "#" + h.id})
	}
	if len(v.Symbols()) > 0 {
		items = append(items, nav.Item{Label: "Index", Href: "#index"})
	}
	if len(v.Examples) > 0 {
		items = append(items, nav.Item{Label: "Examples", Href: "#examples"})
	}
	if len(v.Consts) > 0 {
		items = append(items, nav.Item{Label: "Constants", Href: "#constants"})
	}
	if len(v.Vars) > 0 {
		items = append(items, nav.Item{Label: "Variables", Href: "#variables"})
	}
	if len(v.Funcs) > 0 {
		items = append(items, nav.Item{Label: "Functions", Href: "#functions", Items: outlineSymbols(v.Funcs)})
	}
	if len(v.Types) > 0 {
		items = append(items, nav.Item{Label: "Types", Href: "#types", Items: outlineSymbols(v.Types)})
	}
	return append(items, nav.Item{Label: "Source files", Href: "#files"})
}

func outlineSymbols(symbols []*load.Symbol) []nav.Item {
	items := make([]nav.Item, 0, len(symbols))
	for _, s := range symbols {
		items = append(items, nav.Item{Label: s.Name(), Href: "#" + s.Name()})
	}
	return items
}

type docHeading struct{ id, plain string }

// headings are those of the package comment.
func (v packageView) headings() []docHeading {
	var found []docHeading
	for _, block := range v.Parse(v.Doc).Content {
		if h, ok := block.(*comment.Heading); ok {
			found = append(found, docHeading{id: h.DefaultID(), plain: plainComment(h.Text)})
		}
	}
	return found
}

func (v packageView) entries() []search.Entry {
	entries := []search.Entry{{
		URL: packageAddress(v.Package), Title: v.Dir, Where: v.Name, Kind: v.kind(),
		Summary: v.Synopsis, Text: v.Doc, Boost: 30,
	}}
	for _, s := range v.Symbols() {
		for _, name := range s.Names {
			entries = append(entries, search.Entry{
				URL: anchored(packageAddress(v.Package), name), Title: name, Where: v.Dir, Kind: string(s.Kind),
				Summary: excerpt(v.synopsis(s)), Text: s.Doc, Boost: v.boost(s.Kind),
			})
		}
		for _, m := range s.Members {
			entries = append(entries, search.Entry{
				URL: anchored(packageAddress(v.Package), s.Name()+"."+m.Name), Title: s.Name() + "." + m.Name, Where: v.Dir,
				Kind: string(m.Kind), Summary: excerpt(v.SynopsisOf(m.Doc)), Text: m.Doc, Boost: v.boost(m.Kind),
			})
		}
	}
	return entries
}

// boost puts what a reader more likely means first: types before methods, what can be imported
// before what cannot.
func (v packageView) boost(k load.Kind) int {
	boost := map[load.Kind]int{load.Type: 20, load.Func: 15, load.Method: 10, load.Const: 8, load.Var: 8, load.Field: 4}[k]
	if v.IsInternal() {
		return boost / 2
	}
	return boost
}

// A symbolLink is a name in the index of all symbols.
type symbolLink struct {
	name, address, dir, kind string
	deprecated               bool
}

// allSymbols returns every exported name of the workspace but fields, by its first letter.
func (s *Site) allSymbols() [][]symbolLink {
	var all []symbolLink
	for _, p := range s.sources.Workspace.Packages {
		for _, symbol := range p.Symbols() {
			for _, name := range symbol.Names {
				all = append(all, symbolLink{name, anchored(packageAddress(p), name), p.Dir, string(symbol.Kind), symbol.Deprecated != ""})
			}
		}
	}
	slices.SortFunc(all, func(a, b symbolLink) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)), cmp.Compare(a.dir, b.dir))
	})
	var letters [][]symbolLink
	for i, link := range all {
		if i == 0 || initial(link) != initial(all[i-1]) {
			letters = append(letters, nil)
		}
		letters[len(letters)-1] = append(letters[len(letters)-1], link)
	}
	return letters
}

func initial(l symbolLink) string { return strings.ToUpper(l.name[:1]) }
