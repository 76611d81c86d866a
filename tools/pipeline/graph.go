package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

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
	// Path is the import path, and Go the version of its go line; both are empty for a folder that is no Go module.
	Path string   `json:"path"`
	Go   string   `json:"go"`
	Tags []string `json:"tags"`
	// DependsOn names the modules that this one requires or imports.
	DependsOn []string `json:"dependsOn"`
}

// A GraphTask is one task of one module in a [Graph].
type GraphTask struct {
	// ID is "module#task".
	ID     string   `json:"id"`
	Module string   `json:"module"`
	Name   string   `json:"name"`
	Help   string   `json:"help"`
	Tags   []string `json:"tags"`
	// DependsOn are the ids of the tasks that have to succeed before.
	DependsOn []string `json:"dependsOn"`
	// With are the ids of those that run beside it.
	With     []string   `json:"with"`
	Commands [][]string `json:"commands"`
	GoBuild  []string   `json:"goBuild"`
	GoTest   []string   `json:"goTest"`
	Inputs   []string   `json:"inputs"`
	Outputs  []string   `json:"outputs"`
	Env      []string   `json:"env"`
	Set      []string   `json:"set"`
	Cached   bool       `json:"cached"`
	// Timeout is in Go's notation, "5m0s", and empty where there is none.
	Timeout       string   `json:"timeout"`
	Retries       int      `json:"retries"`
	Exclusive     []string `json:"exclusive"`
	Persistent    bool     `json:"persistent"`
	Interruptible bool     `json:"interruptible"`
	Interactive   bool     `json:"interactive"`
	// Ready is what tells that a persistent task is up, in words, and empty where nothing does.
	Ready string `json:"ready"`
}

// Graph returns the tasks that the options ask for, with what they depend on; without Tasks, all of them.
func (p *Pipeline) Graph(ctx context.Context, o Options) (*Graph, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	if len(o.Tasks) == 0 {
		o.Tasks = p.taskNames()
	}
	chosen, err := p.choose(ctx, o)
	if err != nil {
		return nil, err
	}
	g := &Graph{graph: chosen, Modules: p.graphModules()}
	for _, id := range chosen.Nodes() {
		n := p.nodes[id]
		timeout := ""
		if n.Timeout > 0 {
			timeout = n.Timeout.String()
		}
		g.Tasks = append(g.Tasks, GraphTask{
			ID: id, Module: n.member(), Name: n.Name, Help: n.Help, Tags: filled(n.Tags), DependsOn: filled(chosen.Deps(id)),
			With: filled(n.with), Commands: filled(n.Commands),
			GoBuild: filled(n.GoBuild), GoTest: filled(n.GoTest), Inputs: filled(n.Inputs), Outputs: filled(n.Outputs),
			Env: filled(n.Env), Set: filled(n.Set), Cached: !n.Uncached,
			Timeout: timeout, Retries: n.Retries, Exclusive: filled(n.Exclusive),
			Persistent: n.Persistent, Interruptible: n.Interruptible, Interactive: n.Interactive, Ready: n.Ready.String(),
		})
	}
	return g, nil
}

func (p *Pipeline) graphModules() []GraphModule {
	modules := []GraphModule{}
	for _, m := range p.modules {
		if m.Name == filter.Root && !p.hasTasks(m.Name) {
			continue
		}
		modules = append(modules, GraphModule{
			Name: m.Name, Path: m.Path, Go: p.members[m.Name].GoVersion, Tags: filled(m.Tags), DependsOn: filled(m.Deps),
		})
	}
	slices.SortFunc(modules, func(a, b GraphModule) int { return cmp.Compare(a.Name, b.Name) })
	return modules
}

// Modules returns the modules that the options' Filter chooses and, where Affected is set, that have a task which a change
// reaches, by name. A range stands for the modules that have a task with an input that differs.
func (p *Pipeline) Modules(ctx context.Context, o Options) ([]GraphModule, error) {
	selectors, err := filter.Parse(o.Filter, p.place(o.Dir))
	if err != nil {
		return nil, err
	}
	modules := p.graphModules()
	if len(selectors) > 0 {
		u := p.universe()
		u.Changed = func(r filter.Range) (map[string]bool, error) { return p.changedModules(ctx, o, r) }
		names, err := u.SelectModules(selectors)
		if err != nil {
			return nil, err
		}
		modules = slices.DeleteFunc(modules, func(m GraphModule) bool { return !slices.Contains(names, m.Name) })
	}
	if o.Affected {
		o.Tasks, o.Filter = nil, nil
		affected, err := p.Affected(ctx, o)
		if err != nil {
			return nil, err
		}
		modules = slices.DeleteFunc(modules, func(m GraphModule) bool {
			return !slices.ContainsFunc(affected, func(t AffectedTask) bool { return t.Module == m.Name })
		})
	}
	return modules, nil
}

// changedModules returns the names of the modules that have a task with an input that differs over a range.
func (p *Pipeline) changedModules(ctx context.Context, o Options, r filter.Range) (map[string]bool, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	changed, err := (&choice{pipeline: p, options: o, tasks: p.ids()}).changedIn(ctx, r)
	if err != nil {
		return nil, err
	}
	modules := make(map[string]bool)
	for id := range changed {
		modules[p.nodes[id].member()] = true
	}
	return modules, nil
}

// A GraphForm is a way to write a graph down. It is also the ending of a file that holds it.
type GraphForm string

// Graphviz' language; the flowcharts that code hosts draw in Markdown; a picture in the colour of the text around it; a page
// with the picture and a list, without scripts; data as [Graph] has it.
const (
	GraphDOT     GraphForm = "dot"
	GraphMermaid GraphForm = "mermaid"
	GraphSVG     GraphForm = "svg"
	GraphHTML    GraphForm = "html"
	GraphJSON    GraphForm = "json"
)

// GraphFormOf returns the form that a file's name asks for by its ending; an error names those there are.
func GraphFormOf(file string) (GraphForm, error) {
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(file), "."))
	switch form := GraphForm(ending); form {
	case GraphDOT, GraphMermaid, GraphSVG, GraphHTML, GraphJSON:
		return form, nil
	case "gv":
		return GraphDOT, nil
	case "mmd":
		return GraphMermaid, nil
	}
	return "", fmt.Errorf("draw the graph in %q: the name has to end in .dot, .mermaid, .svg, .html or .json", file)
}

// Draw returns the graph in a form. Where it has arrows, these lead from a task to what it depends on. The same graph gives the same text.
func (g *Graph) Draw(form GraphForm) (string, error) {
	switch form {
	case GraphDOT:
		return draw.DOT(g.drawing()), nil
	case GraphMermaid:
		return draw.Mermaid(g.drawing()), nil
	case GraphSVG:
		return draw.SVG(g.drawing()), nil
	case GraphHTML:
		return draw.HTML(g.drawing())
	case GraphJSON:
		data, err := json.MarshalIndent(g, "", "  ")
		return string(data) + "\n", err
	}
	return "", fmt.Errorf("draw the graph: there is no form %q", form)
}

// drawing is the graph as it is drawn.
func (g *Graph) drawing() draw.Drawing {
	d := draw.Drawing{Graph: g.graph, Beside: make(map[string][]string), Notes: make(map[string]draw.Note)}
	for _, t := range g.Tasks {
		var commands []string
		for _, args := range t.Commands {
			commands = append(commands, strings.Join(args, " "))
		}
		d.Beside[t.ID] = t.With
		d.Notes[t.ID] = draw.Note{Help: t.Help, Command: strings.Join(commands, " && ")}
	}
	return d
}

// filled makes an empty list of none, so that JSON has lists throughout.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
