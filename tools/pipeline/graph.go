package pipeline

import (
	"cmp"
	"context"
	"slices"

	"magpie.build/tools/pipeline/internal/draw"
	"magpie.build/tools/pipeline/internal/filter"
	"magpie.build/tools/pipeline/internal/graph"
)

// A Graph is a workspace's tasks as data, for pages and programs. Encode it with encoding/json.
type Graph struct {
	// Modules are the workspace's modules, by name.
	Modules []GraphModule `json:"modules"`
	// Tasks are the tasks of these modules that were asked for, and those they depend on: each after its dependencies.
	Tasks []GraphTask `json:"tasks"`

	graph *graph.Graph[string]
}

// A GraphModule is a module in a [Graph].
type GraphModule struct {
	Name string `json:"name"`
	Path string `json:"path"`
	// DependsOn names the modules that this one requires or imports.
	DependsOn []string `json:"dependsOn"`
}

// A GraphTask is one task of one module in a [Graph].
type GraphTask struct {
	// ID is "module#task".
	ID     string `json:"id"`
	Module string `json:"module"`
	Name   string `json:"name"`
	Help   string `json:"help"`
	// DependsOn are the ids of the tasks that have to succeed before.
	DependsOn []string   `json:"dependsOn"`
	Commands  [][]string `json:"commands"`
	GoBuild   []string   `json:"goBuild"`
	GoTest    []string   `json:"goTest"`
	Inputs    []string   `json:"inputs"`
	Outputs   []string   `json:"outputs"`
	Env       []string   `json:"env"`
	Set       []string   `json:"set"`
	Cached    bool       `json:"cached"`
}

// Graph returns the tasks that the options ask for, with what they depend on; without Tasks, all of them.
func (p *Pipeline) Graph(ctx context.Context, o Options) (*Graph, error) {
	if len(o.Tasks) == 0 {
		o.Tasks = p.taskNames()
	}
	chosen, err := p.choose(ctx, o)
	if err != nil {
		return nil, err
	}
	g := &Graph{graph: chosen}
	for _, m := range p.modules {
		if m.Name == filter.Root && !p.hasTasks(m.Name) {
			continue
		}
		g.Modules = append(g.Modules, GraphModule{Name: m.Name, Path: m.Path, DependsOn: filled(m.Deps)})
	}
	slices.SortFunc(g.Modules, func(a, b GraphModule) int { return cmp.Compare(a.Name, b.Name) })
	for _, id := range chosen.Nodes() {
		n := p.nodes[id]
		g.Tasks = append(g.Tasks, GraphTask{
			ID: id, Module: n.member(), Name: n.Name, Help: n.Help, DependsOn: filled(chosen.Deps(id)), Commands: filled(n.Commands),
			GoBuild: filled(n.GoBuild), GoTest: filled(n.GoTest), Inputs: filled(n.Inputs), Outputs: filled(n.Outputs),
			Env: filled(n.Env), Set: filled(n.Set), Cached: !n.Uncached,
		})
	}
	return g, nil
}

// DOT returns the graph in the language of Graphviz: an arrow leads from a task to what it depends on.
func (g *Graph) DOT() string { return draw.DOT(g.graph) }

// SVG returns the graph as a picture in the colour of the text around it.
func (g *Graph) SVG() string { return draw.SVG(g.graph) }

// filled makes an empty list of none, so that JSON has lists throughout.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
