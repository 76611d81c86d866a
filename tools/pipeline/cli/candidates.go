package cli

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"magpie.build/tools/pipeline"
)

// complete returns what there is of a kind.
func (c *CLI) complete(ctx context.Context, kind completion, typed string) []candidate {
	switch kind {
	case completeModules:
		return c.filterCandidates(ctx, typed)
	case completeTasks:
		return c.taskCandidates(ctx, typed)
	case completeInfo:
		found := c.ids(ctx, typed)
		for _, m := range c.graph(ctx).Modules {
			found = append(found, candidate{m.Name, m.Path})
		}
		return found
	case completeShells:
		return candidates(shells, "")
	case completeFiles:
		return c.files(typed)
	case completeNothing:
	}
	return nil
}

// values returns what a flag can be set to.
func (c *CLI) values(ctx context.Context, f *flag, typed string) []candidate {
	if len(f.words) > 0 {
		return candidates(f.words, "")
	}
	return c.complete(ctx, f.complete, typed)
}

func candidates(words []string, help string) []candidate {
	var found []candidate
	for _, word := range words {
		found = append(found, candidate{word, help})
	}
	return found
}

// graph returns all modules and tasks, or none where there is a mistake in them: to say so is not what completion is for.
func (c *CLI) graph(ctx context.Context) *pipeline.Graph {
	if p, err := c.open(); err == nil {
		if g, err := p.Graph(ctx, pipeline.Options{}); err == nil {
			return g
		}
	}
	return &pipeline.Graph{}
}

func (c *CLI) taskCandidates(ctx context.Context, typed string) []candidate {
	var found []candidate
	for _, name := range c.taskNames() {
		found = append(found, candidate{name, c.taskLine(name)})
	}
	return append(found, c.ids(ctx, typed)...)
}

// ids returns tasks with their modules, once somebody has begun to type a module's name: before that they would be too many
// to look through.
func (c *CLI) ids(ctx context.Context, typed string) []candidate {
	if !strings.ContainsAny(typed, "/#") {
		return nil
	}
	var found []candidate
	for _, t := range c.graph(ctx).Tasks {
		found = append(found, candidate{t.ID, t.Help})
	}
	slices.SortFunc(found, func(a, b candidate) int { return strings.Compare(a.word, b.word) })
	return found
}

// filterCandidates returns modules and tags, behind what may stand before these in a filter.
func (c *CLI) filterCandidates(ctx context.Context, typed string) []candidate {
	head := 0
	for _, mark := range []string{",", "!", "...", "^", "{"} {
		if i := strings.LastIndex(typed, mark); i >= 0 {
			head = max(head, i+len(mark))
		}
	}
	var found []candidate
	tags := make(map[string]bool)
	g := c.graph(ctx)
	for _, m := range g.Modules {
		found = append(found, candidate{typed[:head] + m.Name, m.Path})
		for _, tag := range m.Tags {
			tags[tag] = true
		}
	}
	for _, t := range g.Tasks {
		for _, tag := range t.Tags {
			tags[tag] = true
		}
	}
	for tag := range tags {
		found = append(found, candidate{typed[:head] + "tag:" + tag, "modules and tasks with this tag"})
	}
	slices.SortFunc(found, func(a, b candidate) int { return strings.Compare(a.word, b.word) })
	return found
}

// files returns what lies in the folder that is typed, seen from where one stands.
func (c *CLI) files(typed string) []candidate {
	dir, _ := path.Split(typed)
	from := filepath.Clean(filepath.FromSlash(dir))
	if !filepath.IsAbs(from) {
		from = filepath.Join(filepath.FromSlash(c.folder), from)
	}
	entries, _ := os.ReadDir(from)
	var found []candidate
	for _, e := range entries {
		name := dir + e.Name()
		if e.IsDir() {
			name += "/"
		}
		found = append(found, candidate{name, ""})
	}
	return found
}
