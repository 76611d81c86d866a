package render

import (
	"errors"
	"fmt"
	"go/types"
	"path"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"magpie.build/apps/docs/internal/load"
	"magpie.build/apps/docs/internal/search"
	"magpie.build/packages/config"
	"magpie.build/packages/ui/nav"
)

// A program is what a command of the workspace can be told by its configuration.
type program struct {
	config.Description

	name string
	pkg  *load.Package
}

// planSettings adds the configuration reference: a section for each command that loads its
// configuration by packages/config.
func (s *Site) planSettings() error {
	var programs []program
	var problems []error
	for _, p := range s.sources.Workspace.Packages {
		name, ok := configuration(p)
		if !ok {
			continue
		}
		described, err := s.describe(p, name)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", p.Dir, err))
		}
		programs = append(programs, described)
	}
	if len(programs) == 0 || len(problems) > 0 {
		return errors.Join(problems...)
	}
	page := s.add(&Page{
		Address: settingsAt, Title: "Configuration reference", section: settingsAt,
		Description: "Every setting of every program: name, type, default and meaning.",
		entries:     func() []search.Entry { return settingEntries(programs) },
		body:        func() templ.Component { return settingsPage(s, programs) },
	})
	for _, p := range programs {
		page.outline = append(page.outline, nav.Item{Label: p.name, Href: "#" + p.name})
	}
	s.sections = append(s.sections, nav.Item{Label: "Configuration reference", Href: settingsAt})
	return nil
}

// configuration returns the struct that a package fills by config.Load.
func configuration(p *load.Package) (*types.TypeName, bool) {
	var found []*types.TypeName
	for ident, instance := range p.Info().Instances {
		called := p.Info().Uses[ident]
		if called == nil || called.Pkg() == nil || called.Name() != "Load" || path.Base(called.Pkg().Path()) != "config" {
			continue
		}
		if named, ok := types.Unalias(instance.TypeArgs.At(0)).(*types.Named); ok && named.Obj().Pkg() == p.Checked() {
			found = append(found, named.Obj())
		}
	}
	slices.SortFunc(found, func(a, b *types.TypeName) int { return strings.Compare(a.Name(), b.Name()) })
	if len(found) == 0 {
		return nil, false
	}
	return found[0], true
}

func (s *Site) describe(p *load.Package, name *types.TypeName) (program, error) {
	file := s.sources.Workspace.FileOf(name)
	if file == nil {
		return program{}, fmt.Errorf("%s is declared in no file of the package", name.Name())
	}
	described, err := config.Describe(config.Options{Source: string(file.Source)}, name.Name())
	return program{name: path.Base(p.Dir), pkg: p, Description: described}, err
}

// anchor is what a setting's row is reached by.
func (p program) anchor(s config.Setting) string { return p.name + "-" + s.Env }

func settingEntries(programs []program) []search.Entry {
	entries := []search.Entry{{
		URL: settingsAt, Title: "Configuration reference", Where: "Reference", Kind: "reference", Boost: 30,
		Summary: "Every setting of every program.",
	}}
	for _, p := range programs {
		for _, s := range p.Settings {
			entries = append(entries, search.Entry{
				URL: anchored(settingsAt, p.anchor(s)), Title: s.Env, Where: p.pkg.Dir, Kind: "setting",
				Summary: excerpt(s.Doc), Text: s.Doc + "\n" + s.Flag + "\n" + s.Key, Boost: 20,
			})
		}
	}
	return entries
}
