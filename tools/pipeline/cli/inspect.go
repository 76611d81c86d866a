package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/internal/output"
	"magpie.build/tools/pipeline/internal/suggest"
)

// listModules writes the modules with their import paths.
func listModules(ctx context.Context, c *CLI, s *settings, _ []string) error {
	p, err := c.open()
	if err != nil {
		return err
	}
	s.Dir = c.folder
	modules, err := p.Modules(ctx, s.Options)
	if err != nil {
		return err
	}
	if s.json {
		return writeJSON(modules)
	}
	return writeTable(func(row func(...string)) {
		for _, m := range modules {
			row(m.Name, m.Path)
		}
	})
}

// listTasks writes the names of tasks, in how many modules they are, and what they are for.
func listTasks(ctx context.Context, c *CLI, s *settings, words []string) error {
	p, err := c.open()
	if err != nil {
		return err
	}
	if err := c.knowsTasks(words); err != nil {
		return err
	}
	s.Dir, s.Only, s.Tasks = c.folder, true, words
	g, err := p.Graph(ctx, s.Options)
	if err != nil {
		return err
	}
	if s.json {
		return writeJSON(g.Tasks)
	}
	counts := make(map[string]int)
	for _, t := range g.Tasks {
		counts[t.Name]++
	}
	return writeTable(func(row func(...string)) {
		for _, name := range c.taskNames() {
			if n := counts[name]; n > 0 {
				row(name, output.Count(n, "module"), c.taskLine(name))
			}
		}
	})
}

// A moduleInfo is all there is to know of a module.
type moduleInfo struct {
	pipeline.GraphModule

	NeededBy []string             `json:"neededBy"`
	Tasks    []pipeline.GraphTask `json:"tasks"`
}

// A taskInfo is all there is to know of a task of a module.
type taskInfo struct {
	pipeline.GraphTask

	NeededBy []string `json:"neededBy"`
}

// showInfo writes what is known of a module or of a task of one, by default of the module that one stands in.
func showInfo(ctx context.Context, c *CLI, s *settings, words []string) error {
	p, err := c.open()
	if err != nil {
		return err
	}
	g, err := p.Graph(ctx, pipeline.Options{})
	if err != nil {
		return err
	}
	if len(words) > 1 {
		return fmt.Errorf("info takes one module or task, not %d", len(words))
	}
	name := strings.Join(words, "")
	if strings.Contains(name, "#") {
		return showTask(g, s, name)
	}
	m, err := c.moduleMeant(g, name)
	if err != nil {
		return err
	}
	info := moduleInfo{GraphModule: m, NeededBy: []string{}, Tasks: []pipeline.GraphTask{}}
	for _, other := range g.Modules {
		if slices.Contains(other.DependsOn, m.Name) {
			info.NeededBy = append(info.NeededBy, other.Name)
		}
	}
	for _, t := range g.Tasks {
		if t.Module == m.Name {
			info.Tasks = append(info.Tasks, t)
		}
	}
	slices.SortFunc(info.Tasks, func(a, b pipeline.GraphTask) int { return cmp.Compare(a.Name, b.Name) })
	if s.json {
		return writeJSON(info)
	}
	return writeTable(func(row func(...string)) {
		row(m.Name)
		facts(row, "path", m.Path, "go", m.Go, "tags", list(m.Tags), "depends on", list(m.DependsOn), "needed by", list(info.NeededBy))
		row()
		for _, t := range info.Tasks {
			row("  "+t.Name, t.Help)
		}
	})
}

// moduleMeant returns the module of a name, an import path, or a folder seen from where one stands; without any, the one that
// is there.
func (c *CLI) moduleMeant(g *pipeline.Graph, name string) (pipeline.GraphModule, error) {
	here := path.Join(c.folder, cmp.Or(name, "."))
	if strings.HasPrefix(here, "..") {
		here = ""
	}
	var names []string
	for _, m := range g.Modules {
		if m.Name == name || m.Path == name && name != "" || m.Name == here {
			return m, nil
		}
		names = append(names, m.Name)
	}
	if name == "" {
		for at := here; at != "."; at = path.Dir(at) {
			if i := slices.Index(names, at); i >= 0 {
				return g.Modules[i], nil
			}
		}
		return pipeline.GraphModule{}, fmt.Errorf("which module? there is none here%s", suggest.Hint("", names))
	}
	return pipeline.GraphModule{}, fmt.Errorf("there is no module %q%s", name, suggest.Hint(name, names))
}

func showTask(g *pipeline.Graph, s *settings, id string) error {
	i := slices.IndexFunc(g.Tasks, func(t pipeline.GraphTask) bool { return t.ID == id })
	if i < 0 {
		var ids []string
		for _, t := range g.Tasks {
			ids = append(ids, t.ID)
		}
		return fmt.Errorf("there is no task %q%s", id, suggest.Nearest(id, ids))
	}
	t := taskInfo{GraphTask: g.Tasks[i], NeededBy: []string{}}
	for _, other := range g.Tasks {
		if slices.Contains(other.DependsOn, id) {
			t.NeededBy = append(t.NeededBy, other.ID)
		}
	}
	if s.json {
		return writeJSON(t)
	}
	var commands []string
	for _, args := range t.Commands {
		commands = append(commands, strings.Join(args, " "))
	}
	cached := "no"
	if t.Cached {
		cached = "yes"
	}
	return writeTable(func(row func(...string)) {
		row(t.ID, t.Help)
		facts(row, "runs", strings.Join(commands, " && "), "tags", list(t.Tags), "depends on", list(t.DependsOn), "needed by", list(t.NeededBy),
			"builds", list(t.GoBuild), "tests", list(t.GoTest), "inputs", list(t.Inputs), "outputs", list(t.Outputs),
			"variables", list(t.Env), "sets", list(t.Set), "cached", cached,
			"behaves", strings.Join(behaviour(t.GraphTask), ", "), "up with", t.Ready)
	})
}

// behaviour says how a task differs from one that is simply run.
func behaviour(t pipeline.GraphTask) []string {
	var all []string
	for _, is := range []struct {
		it   bool
		text string
	}{
		{t.Persistent, "persistent"},
		{t.Interruptible, "interruptible"},
		{t.Interactive, "interactive"},
		{t.Timeout != "", "ends after " + t.Timeout},
		{t.Retries > 0, fmt.Sprintf("%d retries", t.Retries)},
		{len(t.Exclusive) > 0, "alone with " + list(t.Exclusive)},
	} {
		if is.it {
			all = append(all, is.text)
		}
	}
	return all
}

func list(names []string) string { return strings.Join(names, " ") }

// facts writes pairs of a label and a value, except where there is no value.
func facts(row func(...string), pairs ...string) {
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			row("  "+pair[0], pair[1])
		}
	}
}

// writeTable writes rows with their columns aligned to the standard output.
func writeTable(fill func(row func(columns ...string))) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fill(func(columns ...string) { _, _ = fmt.Fprintln(w, strings.Join(columns, "\t")) })
	return w.Flush()
}

func writeJSON(value any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}
