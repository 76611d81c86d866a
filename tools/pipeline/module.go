package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/filter"
	"magpie.build/tools/pipeline/internal/suggest"
	"magpie.build/tools/pipeline/internal/workspace"
)

// A Declaration is what a workspace's pipeline is made of: a [Task], a [Module] or a [Global].
type Declaration interface{ declaration() }

// A Module says of modules what their go.mod files cannot. It also makes a folder that is no Go module one that can have tasks.
//
// The modules of go.work need no declaration, and neither does the root, whose name is "//": "//#task" is its task. A
// task is given to a folder without go.mod, the root among them, only where [Task.Modules] names it.
type Module struct {
	// Name is a folder relative to the root, such as "deploy". A pattern stands for all modules that it
	// matches: "apps/*".
	Name string
	// Tags are labels for Modules of tasks ("tag:frontend") and for filters.
	Tags []string
	// DependsOn names modules that this one depends on, beside what its source requires and imports.
	DependsOn []string
}

func (Task) declaration()   {}
func (Module) declaration() {}

// readMembers finds what can have tasks: the modules of go.work, the root, and declared folders, with what they depend on.
func (p *Pipeline) readMembers(declared []Module) []error {
	p.members = make(map[string]*workspace.Module)
	for _, m := range p.workspace.Modules {
		p.members[memberName(m)] = m
	}
	if p.members[filter.Root] == nil {
		p.members[filter.Root] = &workspace.Module{Name: ".", Dir: p.workspace.Root}
	}
	var problems []error
	for _, d := range declared {
		if err := p.addFolder(d.Name); err != nil {
			problems = append(problems, p.at(fmt.Errorf("module %q: %w", d.Name, err), d.Name))
		}
	}
	if err := p.join(); err != nil {
		return append(problems, err)
	}
	for _, d := range declared {
		for _, err := range p.describe(d) {
			problems = append(problems, p.at(fmt.Errorf("module %q: %w", d.Name, err), d.Name))
		}
	}
	return problems
}

// memberName is what a module is called, where the root is [filter.Root].
func memberName(m *workspace.Module) string {
	if m.Name == "." {
		return filter.Root
	}
	return m.Name
}

// addFolder makes a member of a folder that is none yet. Patterns add nothing.
func (p *Pipeline) addFolder(name string) error {
	if p.members[name] != nil || strings.ContainsAny(name, "*?[{") {
		return nil
	}
	if name == "" || name != path.Clean(name) || !filepath.IsLocal(filepath.FromSlash(name)) || strings.Contains(name, `\`) {
		return errors.New("want a folder below the root, written with slashes, such as \"deploy/site\"")
	}
	dir := p.workspace.Abs(name)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no such folder%s", suggest.Hint(name, slices.Sorted(maps.Keys(p.members))))
	}
	p.members[name] = &workspace.Module{Name: name, Dir: dir}
	return nil
}

// describe adds what a declaration says to the modules that it names.
func (p *Pipeline) describe(d Module) []error {
	selectors, err := filter.Parse([]string{d.Name}, filter.Place{})
	if err != nil {
		return []error{err}
	}
	names, err := p.universe().SelectModules(selectors)
	if err != nil {
		return nil // addFolder has said so
	}
	var problems []error
	for _, dep := range d.DependsOn {
		if p.members[dep] == nil {
			problems = append(problems, fmt.Errorf("depends on %q: there is no such module%s", dep, suggest.Hint(dep, p.moduleNames())))
		}
	}
	if len(problems) > 0 {
		return problems
	}
	for i := range p.modules {
		m := &p.modules[i]
		if !slices.Contains(names, m.Name) {
			continue
		}
		m.Tags = append(m.Tags, d.Tags...)
		m.Deps = slices.Compact(slices.Sorted(slices.Values(append(m.Deps, d.DependsOn...))))
	}
	return nil
}

// universe is what filters choose from, without tasks.
func (p *Pipeline) universe() filter.Universe {
	return filter.Universe{Modules: p.modules, Tree: os.DirFS(p.workspace.Root)}
}

// moduleNames returns the names of all members, sorted, for hints.
func (p *Pipeline) moduleNames() []string { return slices.Sorted(maps.Keys(p.members)) }

// containing returns the member whose folder holds a file or folder, the innermost, or nil.
func (p *Pipeline) containing(name string) *workspace.Module {
	for dir := path.Clean(name); dir != "." && dir != ".."; dir = path.Dir(dir) {
		if m := p.members[dir]; m != nil {
			return m
		}
	}
	return p.members[filter.Root]
}
