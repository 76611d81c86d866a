package pipeline

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/filter"
	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/headers"
	"magpie.build/tools/pipeline/internal/workspace"
)

// A Pipeline is the tasks of a workspace, checked and joined. It does not change; safe for concurrent use.
type Pipeline struct {
	workspace *workspace.Workspace
	modules   []filter.Module
	nodes     map[string]*node
	graph     *graph.Graph[string]
	help      map[string]string // by task name
	state     string            // the folder for cache and index
	index     *hash.Index
	headers   *headers.Store
}

// A node is one task of one module, known as "module#task".
type node struct {
	Task

	id      string
	module  *workspace.Module
	inputs  glob.Set
	outputs glob.Set
}

// New reads the workspace at root, which holds go.work, and joins the tasks to its modules. All mistakes
// are reported together: names, patterns, unknown tasks and modules, cycles, outputs claimed twice.
func New(root string, tasks ...Task) (*Pipeline, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open workspace %q: %w", root, err)
	}
	ws, err := workspace.Load(abs)
	if err != nil {
		return nil, err
	}
	p := &Pipeline{workspace: ws, nodes: make(map[string]*node), help: make(map[string]string), state: filepath.Join(abs, ".magpie")}
	p.index = hash.Open(abs, filepath.Join(p.state, "index"))
	p.headers = headers.Open(p.index, filepath.Join(p.state, "headers"))
	if p.modules, err = joinModules(ws, p.headers); err != nil {
		return nil, err
	}
	var problems []error
	for _, t := range tasks {
		problems = append(problems, p.declare(t)...)
	}
	problems = append(problems, p.link()...)
	problems = append(problems, p.claims()...)
	if len(problems) > 0 {
		return nil, fmt.Errorf("the tasks do not fit the workspace:\n%w", errors.Join(problems...))
	}
	return p, nil
}

// joinModules returns the modules with what they depend on: what go.mod requires, and what is imported
// without being required.
func joinModules(ws *workspace.Workspace, known gosource.Headers) ([]filter.Module, error) {
	settings, err := gokey.Read(nil)
	if err != nil {
		return nil, err
	}
	requires := func(name string) []string {
		if m := ws.Module(name); m != nil {
			return m.Requires
		}
		return nil
	}
	config := settings.Source()
	config.Headers = known
	reader := gosource.New(ws, config)
	var modules []filter.Module
	for _, m := range ws.Modules {
		reached, err := reader.Build(path.Join(m.Name, "..."))
		if err != nil {
			return nil, fmt.Errorf("read the imports of %s: %w", m.Name, err)
		}
		joined := filter.Module{Name: m.Name, Path: m.Path, Deps: slices.Clone(m.Requires)}
		known := graph.Reach([]string{m.Name}, requires)
		for _, name := range reached.Modules {
			if !known[name] {
				joined.Deps = append(joined.Deps, name)
			}
		}
		joined.Deps = slices.DeleteFunc(joined.Deps, func(name string) bool { return ws.Module(name) == nil })
		modules = append(modules, joined)
	}
	return modules, nil
}

// declare gives a task to the modules that have it.
func (p *Pipeline) declare(t Task) []error {
	problem := func(format string, args ...any) error {
		return fmt.Errorf("task %q: %w", t.Name, fmt.Errorf(format, args...))
	}
	var problems []error
	if !validName(t.Name) {
		problems = append(problems, problem("a name is made of lower-case letters, digits and dashes"))
	}
	if len(t.Commands) > 0 && t.Func != nil {
		problems = append(problems, problem("has Commands and a Func; give it one of them"))
	}
	if slices.ContainsFunc(t.Commands, func(args []string) bool { return len(args) == 0 || args[0] == "" }) {
		problems = append(problems, problem("has an empty command"))
	}
	for _, v := range t.Set {
		if name, _, ok := strings.Cut(v, "="); !ok || name == "" {
			problems = append(problems, problem("Set has %q; want NAME=value", v))
		}
	}
	chosen, err := filter.Select(p.modules, strings.Join(t.Modules, ","))
	if err != nil {
		problems = append(problems, problem("%w", err))
	}
	if p.help[t.Name] == "" {
		p.help[t.Name] = t.Help
	}
	for _, module := range chosen {
		n, err := newNode(t, p.workspace.Module(module))
		if err != nil {
			problems = append(problems, problem("%w", err))
			break
		}
		p.nodes[n.id] = n
	}
	return problems
}

func newNode(t Task, m *workspace.Module) (*node, error) {
	n := &node{Task: t, id: m.Name + "#" + t.Name, module: m}
	var err error
	if n.inputs, err = glob.Parse(m.Name, t.Inputs); err != nil {
		return nil, fmt.Errorf("input %w", err)
	}
	if n.outputs, err = glob.Parse(m.Name, t.Outputs); err != nil {
		return nil, fmt.Errorf("output %w", err)
	}
	for _, base := range n.outputs.Bases() {
		if !glob.Within(m.Name, base) {
			return nil, fmt.Errorf("output %q lies outside the module %s", base, m.Name)
		}
	}
	return n, nil
}

func validName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && name[0] != '-'
}

// claims finds outputs that two tasks write.
func (p *Pipeline) claims() []error {
	var problems []error
	ids := p.ids()
	for i, a := range ids {
		for _, b := range ids[i+1:] {
			if x, y := glob.Overlap(p.nodes[a].outputs, p.nodes[b].outputs); x != "" {
				problems = append(problems, fmt.Errorf("%s and %s both write %s and %s", a, b, x, y))
			}
		}
	}
	return problems
}
