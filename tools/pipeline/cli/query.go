package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/query"
)

// A moduleRow is a module as queries see it.
type moduleRow struct {
	pipeline.GraphModule
	relations

	Tasks []string `json:"tasks"`
}

// A taskRow is a task of a module as queries see it.
type taskRow struct {
	pipeline.GraphTask
	relations
}

// relations are what follows from all that something depends on.
type relations struct {
	// Needs is all that it depends on, directly or not, NeededBy all that depends on it.
	Needs    []string `json:"needs"`
	NeededBy []string `json:"neededBy"`
}

// runQuery answers a question about modules and tasks that is written in JSON.
func runQuery(ctx context.Context, c *CLI, _ *settings, words []string) error {
	if len(words) != 1 {
		return errors.New(`want one query, such as '{"from": "tasks", "where": {"module": "apps/*"}, "select": ["id"]}', or - to read it`)
	}
	text := words[0]
	if text == "-" {
		data, err := io.ReadAll(os.Stdin)
		if err != nil {
			return fmt.Errorf("read the query: %w", err)
		}
		text = string(data)
	}
	p, err := c.open()
	if err != nil {
		return err
	}
	g, err := p.Graph(ctx, pipeline.Options{})
	if err != nil {
		return err
	}
	tables, err := tablesOf(g)
	if err != nil {
		return err
	}
	answer, err := query.Run(text, tables)
	if err != nil {
		return err
	}
	return writeJSON(answer)
}

func tablesOf(g *pipeline.Graph) (map[string]query.Table, error) {
	names := make(map[string][]string)
	deps := make(map[string][]string)
	var tasks []taskRow
	for _, t := range g.Tasks {
		names[t.Module] = append(names[t.Module], t.Name)
		deps[t.ID] = t.DependsOn
	}
	related := relate(deps)
	for _, t := range g.Tasks {
		tasks = append(tasks, taskRow{t, related(t.ID)})
	}
	deps = make(map[string][]string)
	for _, m := range g.Modules {
		deps[m.Name] = m.DependsOn
	}
	related = relate(deps)
	var modules []moduleRow
	for _, m := range g.Modules {
		modules = append(modules, moduleRow{m, related(m.Name), append([]string{}, slices.Sorted(slices.Values(names[m.Name]))...)})
	}
	taskTable, err := query.NewTable(tasks)
	if err != nil {
		return nil, err
	}
	moduleTable, err := query.NewTable(modules)
	return map[string]query.Table{"modules": moduleTable, "tasks": taskTable}, err
}

// relate returns what finds the relations of one thing among all.
func relate(deps map[string][]string) func(name string) relations {
	users := make(map[string][]string)
	for name, list := range deps {
		for _, dep := range list {
			users[dep] = append(users[dep], name)
		}
	}
	reach := func(name string, next map[string][]string) []string {
		reached := graph.Reach([]string{name}, func(at string) []string { return next[at] })
		delete(reached, name)
		return append([]string{}, slices.Sorted(maps.Keys(reached))...)
	}
	return func(name string) relations { return relations{reach(name, deps), reach(name, users)} }
}
