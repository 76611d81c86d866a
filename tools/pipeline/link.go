package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/suggest"
)

// link turns what tasks say they depend on into the graph.
func (p *Pipeline) link() []error {
	var problems []error
	deps := make(map[string][]string, len(p.nodes))
	for _, id := range p.ids() {
		n := p.nodes[id]
		deps[id] = nil
		for _, wish := range n.DependsOn {
			found, err := p.resolve(n, wish)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s depends on %q: %w", id, wish, err))
			}
			deps[id] = append(deps[id], found...)
		}
	}
	g, cycle := graph.Build(deps)
	if cycle != nil {
		problems = append(problems, fmt.Errorf("tasks wait for each other: %s", strings.Join(cycle, " -> ")))
	}
	p.graph = g
	return problems
}

// resolve returns the tasks that one entry of DependsOn stands for.
func (p *Pipeline) resolve(n *node, wish string) ([]string, error) {
	if name, ok := strings.CutPrefix(wish, "^"); ok {
		if err := p.known(name); err != nil {
			return nil, err
		}
		return p.behind(n.module.Name, name, map[string]bool{n.module.Name: true}), nil
	}
	if module, name, ok := strings.Cut(wish, "#"); ok {
		id, err := p.find(module, name)
		return []string{id}, err
	}
	if err := p.known(wish); err != nil {
		return nil, err
	}
	if id := n.module.Name + "#" + wish; p.nodes[id] != nil {
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

func (p *Pipeline) deps(module string) []string {
	for _, m := range p.modules {
		if m.Name == module {
			return m.Deps
		}
	}
	return nil
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
	if p.workspace.Module(module) == nil {
		var names []string
		for _, m := range p.modules {
			names = append(names, m.Name)
		}
		return "", fmt.Errorf("there is no module %q%s", module, suggest.Hint(module, names))
	}
	id := module + "#" + name
	if p.nodes[id] != nil {
		return id, nil
	}
	var names []string
	for _, n := range p.nodes {
		if n.module.Name == module {
			names = append(names, n.Name)
		}
	}
	slices.Sort(names)
	return "", fmt.Errorf("%s has no task %q%s", module, name, suggest.Hint(name, names))
}

func (p *Pipeline) ids() []string { return slices.Sorted(maps.Keys(p.nodes)) }
