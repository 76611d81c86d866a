package filter

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/suggest"
)

// A Universe is what selectors choose from.
type Universe struct {
	Modules []Module
	// Tasks holds, with each task, those it depends on.
	Tasks []Task
	// Changed returns the ids of those tasks whose inputs differ between two states of the tree. Nil makes ranges a mistake.
	Changed func(Range) (map[string]bool, error)
	// Tree is the workspace's folder: a folder that is not there is a mistake.
	Tree fs.FS
}

// SelectModules returns the names of the modules that the selectors choose, sorted; without selectors, of all. Changed,
// if there is one, is asked for names of modules.
func (u Universe) SelectModules(selectors []Selector) ([]string, error) {
	return u.asTasks().choose(selectors, unnamed(selectors))
}

// SelectGoModules is SelectModules where nothing, and nothing but "!" selectors, mean the Go modules.
func (u Universe) SelectGoModules(selectors []Selector) ([]string, error) {
	return u.asTasks().choose(selectors, func(m Module) bool { return m.Path != "" })
}

// asTasks returns a universe in which each module is one task.
func (u Universe) asTasks() Universe {
	u.Tasks = nil
	for _, m := range u.Modules {
		u.Tasks = append(u.Tasks, Task{ID: m.Name, Module: m.Name, Deps: m.Deps})
	}
	if u.Changed == nil {
		u.Changed = func(Range) (map[string]bool, error) { return nil, errors.New("a range chooses tasks, not modules") }
	}
	return u
}

// SelectTasks returns the ids of the tasks that the selectors choose, sorted; without selectors, of all.
func (u Universe) SelectTasks(selectors []Selector) ([]string, error) {
	return u.choose(selectors, unnamed(selectors))
}

// unnamed tells the modules that there are to take from where nothing is chosen by name.
func unnamed(selectors []Selector) func(Module) bool {
	return func(m Module) bool { return len(selectors) == 0 || m.Name != Root || m.Path != "" }
}

// choose returns the union of what is chosen less what is taken away. rest says which modules there are to take from
// where nothing is chosen.
func (u Universe) choose(selectors []Selector, rest func(Module) bool) ([]string, error) {
	chosen := make(map[string]bool)
	if !slices.ContainsFunc(selectors, func(s Selector) bool { return !s.drop }) {
		for id := range u.tasksOf(u.modules(rest)) {
			chosen[id] = true
		}
	}
	var dropped []map[string]bool
	for _, s := range selectors {
		found, err := u.apply(s)
		if err != nil {
			return nil, fmt.Errorf("filter %q: %w", s.text, err)
		}
		if s.drop {
			dropped = append(dropped, found)
		} else {
			maps.Copy(chosen, found)
		}
	}
	for _, found := range dropped {
		maps.DeleteFunc(chosen, func(id string, _ bool) bool { return found[id] })
	}
	return slices.Sorted(maps.Keys(chosen)), nil
}

func (u Universe) apply(s Selector) (map[string]bool, error) {
	modules, err := u.match(s)
	if err != nil {
		return nil, err
	}
	if !s.ofTasks() {
		if s.deps || s.users {
			deps, users := edges(u.Modules, func(m Module) (string, []string) { return m.Name, m.Deps })
			modules = walk(s, modules, deps, users)
		}
		return u.tasksOf(modules), nil
	}
	deps, users := edges(u.Tasks, func(t Task) (string, []string) { return t.ID, t.Deps })
	start := u.tasksOf(modules)
	if s.tag != "" {
		if err := u.keepTagged(start, s.tag); err != nil {
			return nil, err
		}
	}
	if s.changed != nil {
		changed, err := u.Changed(*s.changed)
		if err != nil {
			return nil, err
		}
		if s.behind {
			changed = graph.Reach(slices.Collect(maps.Keys(changed)), func(id string) []string { return users[id] })
		}
		maps.DeleteFunc(start, func(id string, _ bool) bool { return !changed[id] })
	}
	return walk(s, start, deps, users), nil
}

// walk adds to the start what it depends on and what depends on it, as the selector says.
func walk(s Selector, start map[string]bool, deps, users map[string][]string) map[string]bool {
	found := maps.Clone(start)
	if s.users {
		found = graph.Reach(slices.Collect(maps.Keys(found)), func(id string) []string { return users[id] })
	}
	if s.deps {
		found = graph.Reach(slices.Collect(maps.Keys(found)), func(id string) []string { return deps[id] })
	}
	if s.notItself {
		maps.DeleteFunc(found, func(id string, _ bool) bool { return start[id] })
	}
	return found
}

func edges[T any](all []T, of func(T) (string, []string)) (deps, users map[string][]string) {
	deps, users = make(map[string][]string), make(map[string][]string)
	for _, x := range all {
		id, list := of(x)
		deps[id] = list
		for _, dep := range list {
			users[dep] = append(users[dep], id)
		}
	}
	return deps, users
}

// match returns the modules that the selector's name and folder mean.
func (u Universe) match(s Selector) (map[string]bool, error) {
	named, err := u.named(s.name)
	if err != nil {
		return nil, err
	}
	placed, err := u.placed(s.dir)
	if err != nil {
		return nil, err
	}
	return u.modules(func(m Module) bool { return named(m) && placed(m) }), nil
}

// named returns what tells the modules that a name or pattern means.
func (u Universe) named(name string) (func(Module) bool, error) {
	if name == "" || name == "*" {
		return func(Module) bool { return true }, nil
	}
	is := func(m Module) bool {
		return m.Name == name || m.Path == name ||
			m.Name != Root && doublestar.MatchUnvalidated(name, m.Name) || m.Path != "" && doublestar.MatchUnvalidated(name, m.Path)
	}
	if hasMeta(name) || name == Root || len(u.modules(is)) > 0 {
		return is, nil
	}
	ends := func(m Module) bool { return path.Base(m.Name) == name }
	if found := u.modules(ends); len(found) == 1 {
		return ends, nil
	} else if len(found) > 1 {
		return nil, fmt.Errorf("more than one module ends so: %s", strings.Join(slices.Sorted(maps.Keys(found)), ", "))
	}
	known := slices.Sorted(maps.Keys(u.modules(func(m Module) bool { return m.Name != Root })))
	return nil, fmt.Errorf("no such module%s", suggest.Hint(name, known))
}

// placed returns what tells the modules in a folder or in those that a pattern means.
func (u Universe) placed(dir string) (func(Module) bool, error) {
	if dir == "" {
		return func(Module) bool { return true }, nil
	}
	if dir == "." {
		return func(m Module) bool { return m.Name == Root }, nil
	}
	base := dir
	if hasMeta(dir) {
		base, _ = doublestar.SplitPattern(dir)
	}
	if info, err := fs.Stat(u.Tree, base); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no folder %s%s", base, suggest.Hint(base, u.folders()))
	}
	is := func(m Module) bool {
		return m.dir() == dir || strings.HasPrefix(m.dir(), dir+"/") || m.Name != Root && doublestar.MatchUnvalidated(dir, m.Name)
	}
	if !hasMeta(dir) && len(u.modules(is)) == 0 {
		return nil, fmt.Errorf("no module lies in the folder %s%s", dir, suggest.Hint(dir, u.folders()))
	}
	return is, nil
}

// folders returns the folders of modules, and those that these lie in.
func (u Universe) folders() []string {
	all := make(map[string]bool)
	for _, m := range u.Modules {
		for dir := m.dir(); dir != "." && !strings.HasPrefix(dir, ".."); dir = path.Dir(dir) {
			all[dir] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// keepTagged takes away the tasks that do not bear the label.
func (u Universe) keepTagged(ids map[string]bool, label string) error {
	known := make(map[string]bool)
	ofModule := make(map[string][]string)
	for _, m := range u.Modules {
		ofModule[m.Name] = m.Tags
		for _, tag := range m.Tags {
			known[tag] = true
		}
	}
	for _, t := range u.Tasks {
		for _, tag := range t.Tags {
			known[tag] = true
		}
		if !slices.Contains(t.Tags, label) && !slices.Contains(ofModule[t.Module], label) {
			delete(ids, t.ID)
		}
	}
	if !known[label] {
		return fmt.Errorf("no task and no module has the tag%s", suggest.Hint(label, slices.Sorted(maps.Keys(known))))
	}
	return nil
}

func (u Universe) modules(keep func(Module) bool) map[string]bool {
	found := make(map[string]bool)
	for _, m := range u.Modules {
		if keep(m) {
			found[m.Name] = true
		}
	}
	return found
}

func (u Universe) tasksOf(modules map[string]bool) map[string]bool {
	found := make(map[string]bool)
	for _, t := range u.Tasks {
		if modules[t.Module] {
			found[t.ID] = true
		}
	}
	return found
}

func hasMeta(s string) bool { return strings.ContainsAny(s, "*?[{") }
