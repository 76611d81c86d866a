package render

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/a-h/templ"

	"magpie.build/apps/docs/internal/highlight"
	"magpie.build/apps/docs/internal/load"
	"magpie.build/packages/ui/breadcrumb"
)

// planSources adds a page for each source file: those of the packages, and what guides link to.
func (s *Site) planSources() error {
	for _, p := range s.sources.Workspace.Packages {
		for _, f := range p.Files {
			if !isGenerated(f.Name) {
				s.addSource(f, breadcrumb.Item{Label: p.Dir, Href: packageAddress(p)})
			}
		}
	}
	var problems []error
	for _, name := range s.linked {
		if s.byPath[sourcesAt+name+"/"] != nil {
			continue
		}
		source, err := os.ReadFile(filepath.Join(s.sources.Workspace.Root, filepath.FromSlash(name)))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		s.addSource(&load.File{Name: name, Source: source})
	}
	return errors.Join(problems...)
}

func (s *Site) addSource(f *load.File, parents ...breadcrumb.Item) {
	s.add(&Page{
		Address: sourcesAt + f.Name + "/", Title: path.Base(f.Name), Description: "The source of " + f.Name + ".",
		section: packagesAt, unlisted: true,
		parents: append([]breadcrumb.Item{{Label: "Packages", Href: packagesAt}}, parents...),
		body:    func() templ.Component { return sourcePage(f.Name, s.sourceCode(f)) },
	})
}

// sourceCode renders a file with numbered lines, every name linked to where it is documented.
func (s *Site) sourceCode(f *load.File) string {
	next := 0
	mark := func(offset int, _ string) highlight.Mark {
		for next < len(f.Refs) && f.Refs[next].Offset < offset {
			next++
		}
		if next == len(f.Refs) || f.Refs[next].Offset != offset {
			return highlight.Mark{}
		}
		target, ok := s.sources.Workspace.Find(f.Refs[next].Object)
		if !ok {
			return highlight.Mark{}
		}
		return highlight.Mark{Href: s.href(target)}
	}
	language := strings.TrimPrefix(path.Ext(f.Name), ".")
	code := highlight.Code(language, strings.TrimRight(string(f.Source), "\n"), highlight.Options{Lines: true, Mark: mark})
	return codeBlockHTML(language, f.Name, code)
}
