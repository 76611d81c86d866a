package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"magpie.build/tools/pipeline/internal/filter"
	"magpie.build/tools/pipeline/internal/git"
)

// A Reason says why a change reaches a task.
type Reason string

// The reasons there are, in Turborepo's words.
const (
	// TaskFileChanged means that an input of the task differs.
	TaskFileChanged Reason = "TaskFileChanged"
	// DependencyChanged means that the task depends on one that a change reaches.
	DependencyChanged Reason = "DependencyChanged"
	// GlobalFileChanged means that a file differs that decides about all tasks, such as the magefile or go.work.
	GlobalFileChanged Reason = "DefaultGlobalFileChanged"
	// GitRefNotFound means that there was nothing to compare with, so that all tasks count.
	GitRefNotFound Reason = "GitRefNotFound"
)

// An AffectedTask is a task that a change reaches.
type AffectedTask struct {
	// ID is "module#task".
	ID     string `json:"taskId"`
	Module string `json:"package"`
	Name   string `json:"task"`
	Reason Reason `json:"reason"`
	// Files are what differs: inputs of the task, or files that decide about all tasks. Relative to the root, sorted.
	Files []string `json:"files,omitempty"`
	// Dependency is the task that this one depends on, where that is the reason.
	Dependency string `json:"dependency,omitempty"`
}

// Affected returns, of the tasks that the options ask for, those that a change since Base reaches, sorted, with why. Without Tasks it
// asks for all. [Options.Affected] need not be set.
func (p *Pipeline) Affected(ctx context.Context, o Options) ([]AffectedTask, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	o.Affected = false
	if len(o.Tasks) == 0 {
		o.Tasks = p.taskNames()
	}
	asked, err := p.asked(ctx, o)
	if err != nil {
		return nil, err
	}
	reached, err := (&choice{pipeline: p, options: o, tasks: asked, listed: true}).affected(ctx)
	if err != nil {
		return nil, err
	}
	found := []AffectedTask{}
	for _, id := range asked {
		if a := reached[id]; a != nil {
			found = append(found, *a)
		}
	}
	return found, nil
}

// affected returns the tasks, among those to choose from and what they depend on, that a change reaches.
func (c *choice) affected(ctx context.Context) (map[string]*AffectedTask, error) {
	base, err := c.base(ctx)
	if err != nil {
		return nil, err
	}
	if base.missing != "" {
		newPrinter(c.options, nil).Warn("every task counts as affected: %s", base.missing)
		return c.all(GitRefNotFound, nil), nil
	}
	direct, err := c.compare(ctx, base.from, base.to)
	if err != nil {
		return nil, err
	}
	return c.spread(direct), nil
}

// spread adds to the tasks that differ themselves those that depend on them.
func (c *choice) spread(direct map[string]*AffectedTask) map[string]*AffectedTask {
	reached := maps.Clone(direct)
	queue := slices.Sorted(maps.Keys(direct))
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		for _, user := range c.pipeline.graph.Users(id) {
			if reached[user] == nil {
				reached[user] = c.pipeline.reachedBy(user, DependencyChanged)
				reached[user].Dependency = id
				queue = append(queue, user)
			}
		}
	}
	return reached
}

func (p *Pipeline) reachedBy(id string, why Reason) *AffectedTask {
	n := p.nodes[id]
	return &AffectedTask{ID: id, Module: n.member(), Name: n.Name, Reason: why}
}

func (c *choice) all(why Reason, files []string) map[string]*AffectedTask {
	reached := make(map[string]*AffectedTask)
	for _, id := range c.reached() {
		reached[id] = c.pipeline.reachedBy(id, why)
		reached[id].Files = files
	}
	return reached
}

// changedIn returns the ids of the tasks whose inputs differ over a range.
func (c *choice) changedIn(ctx context.Context, r filter.Range) (map[string]bool, error) {
	root := c.pipeline.workspace.Root
	var from, to string
	for _, side := range []struct {
		name string
		id   *string
	}{{r.From, &from}, {r.To, &to}} {
		if side.name == "" {
			continue
		}
		id, err := git.Commit(ctx, root, side.name)
		if errors.Is(err, git.ErrUnknown) {
			return nil, fmt.Errorf("git knows no revision %q%s", side.name, fetchHint(ctx, root))
		}
		if err != nil {
			return nil, err
		}
		*side.id = id
	}
	if r.Fork {
		fork, err := git.MergeBase(ctx, root, from, to)
		if errors.Is(err, git.ErrUnknown) {
			return nil, fmt.Errorf("%s and %s have no commit in common%s", r.From, r.To, fetchHint(ctx, root))
		}
		if err != nil {
			return nil, err
		}
		from = fork
	}
	direct, err := c.compare(ctx, from, to)
	if err != nil {
		return nil, err
	}
	changed := make(map[string]bool)
	for id := range direct {
		changed[id] = true
	}
	return changed, nil
}

func fetchHint(ctx context.Context, root string) string {
	if git.Shallow(ctx, root) {
		return "\nhint: this clone is shallow; git fetch --unshallow brings the rest"
	}
	return "\nhint: fetch it first, or name another branch, tag or commit"
}
