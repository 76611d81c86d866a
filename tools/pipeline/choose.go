package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/filter"
	"magpie.build/tools/pipeline/internal/git"
	"magpie.build/tools/pipeline/internal/graph"
)

// choose returns the graph of what is asked for: the named tasks in the chosen modules, and all they depend on.
func (p *Pipeline) choose(ctx context.Context, o Options) (*graph.Graph[string], error) {
	modules, err := p.chooseModules(ctx, o)
	if err != nil {
		return nil, err
	}
	asked, err := p.asked(o.Tasks, modules, strings.Join(o.Filter, "") != "")
	if err != nil {
		return nil, err
	}
	deps := make(map[string][]string)
	for id := range graph.Reach(asked, p.graph.Deps) {
		deps[id] = p.graph.Deps(id)
	}
	chosen, _ := graph.Build(deps) // part of a graph without cycles
	return chosen, nil
}

// asked returns the tasks that the names stand for in the modules.
func (p *Pipeline) asked(names, modules []string, filtered bool) ([]string, error) {
	if len(names) == 0 {
		return nil, errors.New("no task was asked for")
	}
	var ids []string
	for _, name := range names {
		if module, task, ok := strings.Cut(name, "#"); ok {
			id, err := p.find(module, task)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
			continue
		}
		if err := p.known(name); err != nil {
			return nil, err
		}
		before := len(ids)
		for _, module := range modules {
			if id := module + "#" + name; p.nodes[id] != nil {
				ids = append(ids, id)
			}
		}
		if len(ids) == before && filtered && len(modules) == 1 {
			_, err := p.find(modules[0], name)
			return nil, err
		}
	}
	return ids, nil
}

func (p *Pipeline) chooseModules(ctx context.Context, o Options) ([]string, error) {
	modules, err := filter.Select(p.modules, strings.Join(o.Filter, ","))
	if err != nil || !o.Affected {
		return modules, err
	}
	affected, err := p.affected(ctx, o.Base)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(modules, func(name string) bool { return !affected[name] }), nil
}

// affected returns the modules with a file that differs from where the branch left ref, and those that
// depend on them. A change in go.work, in the magefile or in an input from the root affects whoever it can reach.
func (p *Pipeline) affected(ctx context.Context, ref string) (map[string]bool, error) {
	changed, err := git.Changed(ctx, p.workspace.Root, ref)
	if err != nil {
		return nil, err
	}
	touched := make(map[string]bool)
	for name := range changed {
		if global(name) {
			all, err := filter.Select(p.modules, "")
			if err != nil {
				return nil, fmt.Errorf("choose all modules: %w", err)
			}
			for _, m := range all {
				touched[m] = true
			}
			return touched, nil
		}
		if m := p.workspace.Containing(name); m != nil {
			touched[m.Name] = true
		}
		for _, n := range p.nodes {
			if n.inputs.Match(name) {
				touched[n.module.Name] = true
			}
		}
	}
	users := make(map[string][]string)
	for _, m := range p.modules {
		for _, dep := range m.Deps {
			users[dep] = append(users[dep], m.Name)
		}
	}
	return graph.Reach(slices.Collect(maps.Keys(touched)), func(name string) []string { return users[name] }), nil
}

// global reports whether a file decides about every module.
func global(name string) bool {
	switch name {
	case "go.work", "go.work.sum":
		return true
	}
	return path.Dir(name) == "." && path.Ext(name) == ".go"
}
