package pipeline

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"magpie.build/tools/pipeline/internal/filter"
	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gotest"
	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/headers"
	"magpie.build/tools/pipeline/internal/workspace"
)

// A Pipeline is the tasks of a workspace, checked and joined. It does not change; safe for concurrent use.
type Pipeline struct {
	opened    time.Time
	declared  []Declaration
	workspace *workspace.Workspace
	members   map[string]*workspace.Module // what can have tasks, by name
	modules   []filter.Module              // the same with what they depend on, by name
	nodes     map[string]*node
	sorted    []string // see ids
	graph     *graph.Graph[string]
	global    Global
	help      map[string]string   // by task name
	choices   map[string][]string // modules that filters of tasks choose
	state     string              // the folder for cache and index
	index     *hash.Index
	headers   headers.Store
	overlooks overlooked

	mu        sync.Mutex
	facts     *facts
	checksums map[string]*gokey.Checksums // by module cache
}

// A node is one task of one module, known as "module#task".
type node struct {
	Task

	id      string
	module  *workspace.Module
	inputs  glob.Set
	whole   glob.Set // every file of the module, where that is an input, but for those that git ignores
	outputs glob.Set
	tests   bool       // it is kept by package
	with    []string   // ids
	args    []string   // of the run, see pass
	really  [][]string // what is run in the place of Commands, for a node that is made for one run
}

// member returns the name of the node's module.
func (n *node) member() string { return memberName(n.module) }

// New reads the workspace at root, which holds go.work, and joins the declared tasks to its modules. All mistakes
// are reported together, with the line of the magefile where it can be told: names, patterns, unknown tasks and modules, cycles,
// outputs claimed twice.
func New(root string, declarations ...Declaration) (*Pipeline, error) {
	opened := time.Now()
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open workspace %q: %w", root, err)
	}
	p := &Pipeline{
		opened: opened, declared: declarations,
		nodes: make(map[string]*node), help: make(map[string]string), choices: make(map[string][]string), checksums: make(map[string]*gokey.Checksums), state: filepath.Join(abs, ".magpie"),
	}
	p.index = hash.Open(abs, filepath.Join(p.state, "index"))
	defer p.index.Ahead()()
	p.headers = headers.New(p.index)
	if p.workspace, err = workspace.LoadIndexed(abs, p.index); err != nil {
		return nil, err
	}
	var tasks []Task
	var modules []Module
	for _, d := range declarations {
		switch d := d.(type) {
		case Task:
			tasks = append(tasks, d)
		case Module:
			modules = append(modules, d)
		case Global:
			p.global = p.global.and(d)
		}
	}
	problems := p.readMembers(modules)
	for _, t := range tasks {
		problems = append(problems, p.declare(t)...)
	}
	problems = append(problems, p.link()...)
	problems = append(problems, p.claims()...)
	problems = append(problems, p.checkPersistent()...)
	if len(problems) > 0 {
		return nil, fmt.Errorf("the tasks do not fit the workspace:\n%w", errors.Join(problems...))
	}
	return p, nil
}

// declare gives a task to the modules that have it.
func (p *Pipeline) declare(t Task) []error {
	problem := func(format string, args ...any) error {
		err := fmt.Errorf(format, args...)
		quoted := slices.Concat(t.Inputs, t.Outputs, t.Set)
		quoted = slices.DeleteFunc(quoted, func(text string) bool { return !strings.Contains(err.Error(), strconv.Quote(text)) })
		return p.at(fmt.Errorf("task %q: %w", t.Name, err), t.Name, quoted...)
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
	if slices.Contains(t.Exclusive, "") {
		problems = append(problems, problem("Exclusive has an empty name"))
	}
	for _, v := range t.Set {
		if name, _, ok := strings.Cut(v, "="); !ok || name == "" {
			problems = append(problems, problem("Set has %q; want NAME=value", v))
		}
	}
	if slices.Contains(t.Exclusive, "") {
		problems = append(problems, problem("has an empty name in Exclusive"))
	}
	if err := t.Ready.check(); err != nil {
		problems = append(problems, problem("%w", err))
	}
	if t.Persistent && (t.Timeout != 0 || t.Retries != 0 || len(t.Exclusive) > 0) {
		problems = append(problems, problem("is Persistent; Timeout, Retries and Exclusive are for tasks that end"))
	}
	if t.Ready.isSet() && !t.Persistent {
		problems = append(problems, problem("has Ready, but is not Persistent"))
	}
	chosen, err := p.having(t)
	if err != nil {
		problems = append(problems, err)
	}
	if p.help[t.Name] == "" {
		p.help[t.Name] = t.Help
	}
	for _, module := range chosen {
		n, err := p.newNode(p.global.over(t), p.members[module])
		if err != nil {
			problems = append(problems, problem("%w", err))
			break
		}
		p.nodes[n.id] = n
	}
	return problems
}

func (p *Pipeline) newNode(t Task, m *workspace.Module) (*node, error) {
	n := &node{Task: t, id: memberName(m) + "#" + t.Name, module: m}
	n.Uncached = n.Uncached || n.Persistent || n.Interactive
	if err := p.readInputs(n); err != nil {
		return nil, err
	}
	var err error
	if t.ByPackage {
		if len(t.Commands) != 1 {
			return nil, errors.New("ByPackage wants one command")
		}
		if _, err := gotest.Parse(t.Commands[0], t.GoTest); err != nil {
			return nil, fmt.Errorf("ByPackage: %w", err)
		}
		n.tests = gotest.CanObserve()
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

// wholeModule among the inputs of a task stands for all files of its module that git does not ignore.
const wholeModule = "$DEFAULT$"

// readInputs parses the inputs of a task, with those of all tasks.
func (p *Pipeline) readInputs(n *node) error {
	own := slices.DeleteFunc(slices.Clone(n.Inputs), func(pattern string) bool { return pattern == wholeModule })
	set, err := glob.Parse(n.module.Name, own)
	if err != nil {
		return fmt.Errorf("input %w", err)
	}
	whole := len(own) < len(n.Inputs) || set.Empty() && !n.isGo() && !n.isGroup()
	if !n.isGroup() {
		own = slices.Concat(p.global.Inputs, own)
	}
	if n.inputs, err = glob.Parse(n.module.Name, own); err != nil {
		return fmt.Errorf("input of all tasks: %w", err)
	}
	if whole {
		less := slices.DeleteFunc(own, func(pattern string) bool { return !strings.HasPrefix(pattern, "!") })
		if n.whole, err = glob.Parse(n.module.Name, append(less, "**")); err != nil {
			return fmt.Errorf("input %w", err)
		}
	}
	return nil
}

func validName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && name[0] != '-'
}

// having returns the modules that a task is declared for.
func (p *Pipeline) having(t Task) ([]string, error) {
	id := strings.Join(t.Modules, "\x00")
	if known, ok := p.choices[id]; ok {
		return known, nil
	}
	selectors, err := filter.Parse(t.Modules, filter.Place{})
	if err != nil {
		return nil, p.misnamed(t, err)
	}
	chosen, err := p.universe().SelectGoModules(selectors)
	if err != nil {
		return nil, p.misnamed(t, err)
	}
	p.choices[id] = chosen
	return chosen, nil
}

// misnamed tells a mistake in a task's Modules, with the line of that one which it is in.
func (p *Pipeline) misnamed(t Task, err error) error {
	var at []string
	for _, text := range t.Modules {
		selectors, err := filter.Parse([]string{text}, filter.Place{})
		if err == nil {
			_, err = p.universe().SelectGoModules(selectors)
		}
		if err != nil {
			at = append(at, text)
		}
	}
	return p.at(fmt.Errorf("task %q: %w", t.Name, err), t.Name, at...)
}

// claims finds outputs that two tasks write.
func (p *Pipeline) claims() []error {
	var problems []error
	writers := make(map[string][]string) // by the folder that a pattern starts from
	compared := make(map[[2]string]bool)
	bases := make([][]string, len(p.nodes))
	for i, id := range p.ids() {
		bases[i] = p.nodes[id].outputs.Bases()
		for _, base := range bases[i] {
			writers[base] = append(writers[base], id)
		}
	}
	for i, id := range p.ids() {
		for _, base := range bases[i] {
			for dir := base; ; dir = path.Dir(dir) {
				for _, other := range writers[dir] {
					pair := [2]string{min(id, other), max(id, other)}
					if id == other || compared[pair] {
						continue
					}
					compared[pair] = true
					if err := p.claim(pair[0], pair[1]); err != nil {
						problems = append(problems, err)
					}
				}
				if dir == "." || dir == "/" || dir == ".." {
					break
				}
			}
		}
	}
	return problems
}

func (p *Pipeline) claim(a, b string) error {
	x, y := glob.Overlap(p.nodes[a].outputs, p.nodes[b].outputs)
	if x == "" {
		return nil
	}
	return p.at(fmt.Errorf("%s and %s both write %s and %s", a, b, x, y), p.nodes[b].Name, p.nodes[b].Outputs...)
}
