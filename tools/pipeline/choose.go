package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/filter"
	"magpie.build/tools/pipeline/internal/graph"
)

// choose returns the graph of what is asked for: the chosen tasks, all they depend on, and what runs with any of these.
func (p *Pipeline) choose(ctx context.Context, o Options) (*graph.Graph[string], error) {
	asked, err := p.asked(ctx, o)
	if err != nil {
		return nil, err
	}
	return p.around(asked, o.Only), nil
}

// around returns the graph of the tasks with what they need; without their dependencies where only they are meant.
func (p *Pipeline) around(asked []string, only bool) *graph.Graph[string] {
	next := func(id string) []string { return slices.Concat(p.graph.Deps(id), p.nodes[id].with) }
	if only {
		next = func(id string) []string { return p.nodes[id].with }
	}
	nodes := graph.Reach(asked, next)
	if len(nodes) == len(p.nodes) {
		return p.graph
	}
	deps := make(map[string][]string, len(nodes))
	for id := range nodes {
		if deps[id] = p.graph.Deps(id); only {
			deps[id] = p.through(id, nodes)
		}
	}
	chosen, _ := graph.Build(deps) // part of a graph without cycles
	return chosen
}

// through returns which of the nodes a task has to wait for, be it by way of tasks that are left out.
func (p *Pipeline) through(id string, nodes map[string]bool) []string {
	var found []string
	seen := make(map[string]bool)
	queue := slices.Clone(p.graph.Deps(id))
	for len(queue) > 0 {
		dep := queue[0]
		queue = queue[1:]
		switch {
		case seen[dep]:
		case nodes[dep]:
			found = append(found, dep)
		default:
			queue = append(queue, p.graph.Deps(dep)...)
		}
		seen[dep] = true
	}
	return found
}

// asked returns the tasks that the options name and choose, sorted. Tasks named with their module need no filter to choose them.
func (p *Pipeline) asked(ctx context.Context, o Options) ([]string, error) {
	if len(o.Tasks) == 0 {
		return nil, errors.New("no task was asked for")
	}
	named, exact, err := p.named(o.Tasks)
	if err != nil {
		return nil, err
	}
	c := &choice{pipeline: p, options: o, tasks: slices.Concat(named, exact)}
	chosen, err := c.filtered(ctx, named)
	if err != nil {
		return nil, err
	}
	chosen = append(chosen, exact...)
	if o.Affected {
		reached, err := c.affected(ctx)
		if err != nil {
			return nil, err
		}
		chosen = slices.DeleteFunc(chosen, func(id string) bool { return reached[id] == nil })
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), nil
}

// named returns the tasks that names stand for in all modules, and those that are named with their module.
func (p *Pipeline) named(names []string) (named, exact []string, err error) {
	for _, name := range names {
		if cut := strings.LastIndexByte(name, '#'); cut >= 0 {
			id, err := p.find(name[:cut], name[cut+1:])
			if err != nil {
				return nil, nil, err
			}
			exact = append(exact, id)
			continue
		}
		if err := p.known(name); err != nil {
			return nil, nil, err
		}
		for _, m := range p.modules {
			if id := m.Name + "#" + name; p.nodes[id] != nil {
				named = append(named, id)
			}
		}
	}
	return named, exact, nil
}

// A choice is what the options say about some tasks.
type choice struct {
	pipeline *Pipeline
	options  Options
	tasks    []string // that are to be chosen from
	listed   bool     // whether somebody wants to know which inputs differ
}

// filtered returns those of the named tasks that the filters choose.
func (c *choice) filtered(ctx context.Context, named []string) ([]string, error) {
	p := c.pipeline
	selectors, err := filter.Parse(c.options.Filter, p.place(c.options.Dir))
	if err != nil || len(selectors) == 0 {
		return named, err
	}
	u := p.universe()
	for _, id := range c.reached() {
		n := p.nodes[id]
		u.Tasks = append(u.Tasks, filter.Task{ID: id, Module: n.member(), Tags: n.Tags, Deps: p.graph.Deps(id)})
	}
	u.Changed = func(r filter.Range) (map[string]bool, error) { return c.changedIn(ctx, r) }
	found, err := u.SelectTasks(selectors)
	if err != nil {
		return nil, err
	}
	chosen := slices.DeleteFunc(slices.Clone(named), func(id string) bool {
		_, ok := slices.BinarySearch(found, id)
		return !ok
	})
	if module := filter.OnlyName(selectors); module != "" && p.members[module] != nil {
		if err := p.has(module, c.options.Tasks, chosen); err != nil {
			return nil, err
		}
	}
	return chosen, nil
}

// reached returns the tasks that are to be chosen from and all that they depend on, sorted.
func (c *choice) reached() []string {
	return slices.Sorted(maps.Keys(graph.Reach(c.tasks, c.pipeline.graph.Deps)))
}

// has complains where the one module that was named has none of the tasks.
func (p *Pipeline) has(module string, names, chosen []string) error {
	for _, name := range names {
		if strings.Contains(name, "#") || len(chosen) > 0 {
			return nil
		}
	}
	_, err := p.find(module, names[0])
	return err
}

// place says where somebody stands who is in a folder of the workspace.
func (p *Pipeline) place(dir string) filter.Place {
	at := filter.Place{Dir: dir}
	if m := p.containing(dir); m != nil && m.Name != "." {
		at.Module = memberName(m)
	}
	return at
}
