package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/filter"
	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/suggest"
)

// link turns what tasks say they depend on into the graph, and what they run with into ids.
func (p *Pipeline) link() []error {
	var m mistakes
	deps := make(map[string][]string, len(p.nodes))
	for _, id := range p.ids() {
		n := p.nodes[id]
		deps[id] = nil
		for _, wish := range n.DependsOn {
			found, err := p.resolve(n, wish)
			m.add(n, "depends on", wish, err)
			deps[id] = append(deps[id], found...)
		}
		for _, wish := range n.With {
			found, err := p.beside(n, wish)
			m.add(n, "runs with", wish, err)
			n.with = append(n.with, found...)
		}
	}
	problems := m.tell(p)
	g, cycle := graph.Build(deps)
	if cycle != nil {
		problems = append(problems, p.circular(deps, cycle))
	}
	p.graph = g
	return problems
}

// A mistake is a name that leads nowhere, written once and wrong in each module that has the task.
type mistake struct{ task, relation, wish, why string }

// mistakes are those of all tasks, each told once.
type mistakes struct {
	order []mistake
	where map[mistake][]string // ids
}

func (m *mistakes) add(n *node, relation, wish string, err error) {
	if err == nil {
		return
	}
	found := mistake{n.Name, relation, wish, err.Error()}
	if m.where == nil {
		m.where = make(map[mistake][]string)
	}
	if m.where[found] == nil {
		m.order = append(m.order, found)
	}
	m.where[found] = append(m.where[found], n.id)
}

func (m *mistakes) tell(p *Pipeline) []error {
	var problems []error
	for _, found := range m.order {
		ids := m.where[found]
		who := ids[0]
		switch more := len(ids) - 1; {
		case more == 1:
			who += ", like that task of 1 more module,"
		case more > 1:
			who = fmt.Sprintf("%s, like that task of %d more modules,", who, more)
		}
		problems = append(problems, p.at(fmt.Errorf("%s %s %q: %s", who, found.relation, found.wish, found.why), found.task, found.wish))
	}
	return problems
}

// circular tells of a cycle, with the line of its first step and each step without which there is no cycle left.
func (p *Pipeline) circular(deps map[string][]string, cycle []string) error {
	var ways []string
	for i, id := range cycle[:len(cycle)-1] {
		next := cycle[i+1]
		without := maps.Clone(deps)
		without[id] = slices.DeleteFunc(slices.Clone(deps[id]), func(dep string) bool { return dep == next })
		if _, another := graph.Build(without); another == nil {
			ways = append(ways, id+" -> "+next)
		}
	}
	hint := ""
	if len(ways) > 0 {
		hint = "\nhint: there is no cycle without " + strings.Join(ways, ", or without ")
	}
	n, next := p.nodes[cycle[0]], p.nodes[cycle[1]]
	err := fmt.Errorf("tasks wait for each other: %s%s", strings.Join(cycle, " -> "), hint)
	return p.at(err, n.Name, next.id, "^"+next.Name, next.Name)
}

// beside returns the tasks that one entry of With stands for.
func (p *Pipeline) beside(n *node, wish string) ([]string, error) {
	if strings.HasPrefix(wish, "^") {
		return nil, errors.New("name a task of this module, or module#task")
	}
	found, err := p.resolve(n, wish)
	for _, id := range found {
		if id == n.id {
			return nil, errors.New("that is the task itself")
		}
		for _, name := range n.Exclusive {
			if slices.Contains(p.nodes[id].Exclusive, name) {
				return nil, fmt.Errorf("each of them wants %s for itself", name)
			}
		}
	}
	return found, err
}

// resolve returns the tasks that one entry of DependsOn stands for.
func (p *Pipeline) resolve(n *node, wish string) ([]string, error) {
	if name, ok := strings.CutPrefix(wish, "^"); ok {
		if err := p.known(name); err != nil {
			return nil, err
		}
		return p.behind(n.member(), name, map[string]bool{n.member(): true}), nil
	}
	if module, name, ok := strings.Cut(wish, "#"); ok {
		id, err := p.find(module, name)
		if err != nil {
			return nil, err
		}
		return []string{id}, nil
	}
	if err := p.known(wish); err != nil {
		return nil, err
	}
	if id := n.member() + "#" + wish; p.nodes[id] != nil {
		return []string{id}, nil
	}
	return nil, nil
}

// behind returns the task called name in the modules that module depends on. Where a module has no such
// task, it is looked for in those that one depends on.
func (p *Pipeline) behind(module, name string, seen map[string]bool) []string {
	var found []string
	for _, dep := range p.deps(module) {
		if seen[dep] {
			continue
		}
		seen[dep] = true
		if id := dep + "#" + name; p.nodes[id] != nil {
			found = append(found, id)
		} else {
			found = append(found, p.behind(dep, name, seen)...)
		}
	}
	return found
}

// deps returns the modules that a module depends on directly.
func (p *Pipeline) deps(module string) []string {
	at, found := slices.BinarySearchFunc(p.modules, module, func(m filter.Module, name string) int { return strings.Compare(m.Name, name) })
	if !found {
		return nil
	}
	return p.modules[at].Deps
}

// known complains about a task that no module has.
func (p *Pipeline) known(name string) error {
	if _, ok := p.help[name]; ok {
		return nil
	}
	return fmt.Errorf("no module has a task %q%s", name, suggest.Hint(name, slices.Sorted(maps.Keys(p.help))))
}

// find returns the id of a module's task.
func (p *Pipeline) find(module, name string) (string, error) {
	if p.members[module] == nil {
		return "", fmt.Errorf("there is no module %q%s", module, suggest.Hint(module, p.moduleNames()))
	}
	id := module + "#" + name
	if p.nodes[id] != nil {
		return id, nil
	}
	var names []string
	for _, n := range p.nodes {
		if n.member() == module {
			names = append(names, n.Name)
		}
	}
	slices.Sort(names)
	return "", fmt.Errorf("%s has no task %q%s", module, name, suggest.Hint(name, names))
}

func (p *Pipeline) ids() []string {
	if len(p.sorted) != len(p.nodes) { // while tasks are declared
		p.sorted = slices.Sorted(maps.Keys(p.nodes))
	}
	return p.sorted
}

// taskNames returns the names of all tasks that some module has, sorted.
func (p *Pipeline) taskNames() []string {
	names := make(map[string]bool)
	for _, n := range p.nodes {
		names[n.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func (p *Pipeline) hasTasks(module string) bool {
	for _, n := range p.nodes {
		if n.member() == module {
			return true
		}
	}
	return false
}
