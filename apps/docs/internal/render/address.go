package render

import (
	"path"
	"strconv"
	"strings"

	"magpie.build/apps/docs/internal/load"
)

// The sections of the site. The guides' is the site's root.
const (
	guidesAt     = "/guides/"
	packagesAt   = "/api/"
	symbolsAt    = "/symbols/"
	sourcesAt    = "/source/"
	componentsAt = "/components/"
	settingsAt   = "/configuration/"
	tasksAt      = "/tasks/"
	searchAt     = "/search/"
	notFoundAt   = "/404.html"
)

func packageAddress(p *load.Package) string { return packagesAt + p.Dir + "/" }

// elsewhere documents the packages that are not of this workspace.
const elsewhere = "https://pkg.go.dev/"

// href returns the address of a symbol of any package.
func (s *Site) href(t load.Target) string {
	if p := s.sources.Workspace.Package(t.Package); p != nil {
		return anchored(packageAddress(p), t.Symbol)
	}
	return anchored(elsewhere+t.Package, t.Symbol)
}

func anchored(address, anchor string) string {
	if anchor == "" {
		return address
	}
	return address + "#" + anchor
}

// sourceAddress returns the address of a line of a source file. What templ generated is found in
// the template that it was made of.
func (s *Site) sourceAddress(file string, line int, name string) string {
	if template, ok := strings.CutSuffix(file, "_templ.go"); ok {
		file = template + ".templ"
		line = s.lineOf(file, name)
	}
	if line == 0 {
		return sourcesAt + file + "/"
	}
	return sourcesAt + file + "/#L" + strconv.Itoa(line)
}

// lineOf returns the line of a template on which a name is declared, or 0.
func (s *Site) lineOf(file, name string) int {
	p := s.sources.Workspace.At(path.Dir(file))
	if p == nil {
		return 0
	}
	_, method, isMethod := strings.Cut(name, ".")
	for _, f := range p.Files {
		if f.Name != file {
			continue
		}
		for i, line := range strings.Split(string(f.Source), "\n") {
			if declares(line, name) || isMethod && strings.HasPrefix(line, "func (") && strings.Contains(line, ") "+method+"(") {
				return i + 1
			}
		}
	}
	return 0
}

func declares(line, name string) bool {
	for _, keyword := range []string{"templ ", "func ", "type ", "const ", "var ", "\t"} {
		rest, ok := strings.CutPrefix(line, keyword)
		if ok && (strings.HasPrefix(rest, name+"(") || strings.HasPrefix(rest, name+" ")) {
			return true
		}
	}
	return false
}

// isGenerated says whether templ made a file of a template that stands beside it.
func isGenerated(file string) bool { return strings.HasSuffix(file, "_templ.go") }
