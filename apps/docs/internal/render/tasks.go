package render

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"magpie.build/apps/docs/internal/graph"
	"magpie.build/apps/docs/internal/search"
	"magpie.build/apps/docs/internal/tasks"
	"magpie.build/packages/ui/nav"
)

// A taskKind is a task by its name, in all the modules that have it.
type taskKind struct {
	name, help string
	variants   []taskVariant
}

// A taskVariant is how some modules do a task: the same commands, inputs and outputs.
type taskVariant struct {
	tasks.Task

	modules []string
}

// planTasks adds the task reference.
func (s *Site) planTasks() {
	reference := s.sources.Tasks
	if reference == nil {
		return
	}
	kinds := taskKinds(reference.Tasks)
	page := s.add(&Page{
		Address: tasksAt, Title: "Task reference", section: tasksAt,
		Description: "What go tool mage can do, what depends on what, and what each task runs.",
		outline:     []nav.Item{{Label: "Commands", Href: "#commands"}, {Label: "Flags", Href: "#flags"}, {Label: "Graph", Href: "#graph"}, {Label: "Modules", Href: "#modules"}},
		entries:     func() []search.Entry { return taskEntries(reference, kinds) },
		body: func() templ.Component {
			return tasksPage(reference, kinds, graph.SVG("Which task waits for which", taskNodes(kinds)), graph.SVG("Which module needs which", s.moduleNodes(reference)))
		},
	})
	for _, k := range kinds {
		page.outline = append(page.outline, nav.Item{Label: k.name, Href: "#" + k.anchor()})
	}
	s.sections = append(s.sections, nav.Item{Label: "Task reference", Href: tasksAt})
}

// behaviour says how the task differs from one that is simply run.
func (v taskVariant) behaviour() []string {
	var all []string
	add := func(it bool, text string) {
		if it {
			all = append(all, text)
		}
	}
	add(v.Persistent, "persistent")
	add(v.Ready != "", "up with "+v.Ready)
	add(v.Interactive, "interactive")
	add(v.Interruptible, "interruptible")
	add(v.Timeout != "", "ends after "+v.Timeout)
	add(v.Retries > 0, strconv.Itoa(v.Retries)+" retries")
	add(len(v.Exclusive) > 0, "alone with "+strings.Join(v.Exclusive, " "))
	return all
}

// withDashes returns flags as they are typed.
func withDashes(names []string) []string {
	dashed := make([]string, len(names))
	for i, name := range names {
		dashed[i] = "-" + name
	}
	return dashed
}

func (k taskKind) anchor() string { return "task-" + k.name }

// taskKinds gathers tasks by name, and the modules that do one alike.
func taskKinds(all []tasks.Task) []taskKind {
	var kinds []taskKind
	for _, t := range all {
		at := slices.IndexFunc(kinds, func(k taskKind) bool { return k.name == t.Name })
		if at < 0 {
			at = len(kinds)
			kinds = append(kinds, taskKind{name: t.Name, help: t.Help})
		}
		kinds[at].variants = with(kinds[at].variants, t)
	}
	slices.SortFunc(kinds, func(a, b taskKind) int { return cmp.Compare(a.name, b.name) })
	return kinds
}

// with adds a task to the variants, or its module to the one that is alike.
func with(variants []taskVariant, t tasks.Task) []taskVariant {
	for i, v := range variants {
		if slices.EqualFunc(v.Commands, t.Commands, slices.Equal) && slices.Equal(v.Inputs, t.Inputs) && slices.Equal(v.Outputs, t.Outputs) {
			variants[i].modules = append(v.modules, t.Module)
			return variants
		}
	}
	return append(variants, taskVariant{t, []string{t.Module}})
}

// taskNodes is the graph of tasks by name: build waits for generate, whichever modules they are of.
func taskNodes(kinds []taskKind) []graph.Node {
	nodes := make([]graph.Node, 0, len(kinds))
	for _, k := range kinds {
		n := graph.Node{Name: k.name, Href: "#" + k.anchor()}
		for _, v := range k.variants {
			for _, id := range v.DependsOn {
				_, name, _ := strings.Cut(id, "#")
				if name != k.name && !slices.Contains(n.DependsOn, name) {
					n.DependsOn = append(n.DependsOn, name)
				}
			}
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func (s *Site) moduleNodes(r *tasks.Reference) []graph.Node {
	nodes := make([]graph.Node, 0, len(r.Modules))
	for _, m := range r.Modules {
		href := packagesAt
		if slices.ContainsFunc(s.sources.Workspace.Modules, hasDir(m.Name)) {
			href += "#" + m.Name
		}
		nodes = append(nodes, graph.Node{Name: m.Name, Href: href, DependsOn: m.DependsOn})
	}
	return nodes
}

func taskEntries(r *tasks.Reference, kinds []taskKind) []search.Entry {
	entries := []search.Entry{{
		URL: tasksAt, Title: "Task reference", Where: "Reference", Kind: "reference", Boost: 30,
		Summary: "What go tool mage can do, what depends on what, and what each task runs.",
	}}
	for _, t := range r.Targets {
		entries = append(entries, search.Entry{
			URL: anchored(tasksAt, "mage-"+t.Name), Title: "mage " + t.Name, Where: "Tasks", Kind: "command", Summary: t.Help, Boost: 25,
		})
	}
	for _, f := range r.Flags {
		entries = append(entries, search.Entry{
			URL: anchored(tasksAt, "flag-"+f.Name), Title: "-" + f.Name, Where: "Tasks", Kind: "flag", Summary: f.Help, Boost: 10,
		})
	}
	for _, k := range kinds {
		entries = append(entries, search.Entry{
			URL: anchored(tasksAt, k.anchor()), Title: k.name, Where: "Tasks", Kind: "task", Summary: k.help, Boost: 10,
		})
	}
	return entries
}
