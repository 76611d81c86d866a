package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"magpie.build/tools/pipeline/internal/filter"
	"magpie.build/tools/pipeline/internal/git"
	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/revision"
	"magpie.build/tools/pipeline/internal/workspace"
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
	reached, err := (&choice{pipeline: p, options: o, tasks: asked}).affected(ctx)
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

// compare returns the tasks with an input that differs between two commits, or a commit and the working tree where to is empty.
//
// Which files are inputs is looked up in both states: a file that is gone counts for the tasks that read it before.
func (c *choice) compare(ctx context.Context, from, to string) (map[string]*AffectedTask, error) {
	p := c.pipeline
	changes, err := git.Diff(ctx, p.workspace.Root, from, to)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	d := &difference{pipeline: p, env: c.options.Env, files: make(map[string]bool)}
	for _, change := range changes {
		d.files[change.Name] = true
		if global(change.Name) {
			d.global = append(d.global, change.Name)
		}
	}
	if len(d.global) > 0 {
		slices.Sort(d.global)
		return c.all(GlobalFileChanged, d.global), nil
	}
	if err := d.look(ctx, from, to); err != nil {
		return nil, err
	}
	direct := make(map[string]*AffectedTask)
	for _, id := range c.reached() {
		files, err := d.inputsOf(p.nodes[id])
		if err != nil {
			return nil, fmt.Errorf("find out whether %s is affected: %w", id, err)
		}
		if len(files) > 0 {
			direct[id] = p.reachedBy(id, TaskFileChanged)
			direct[id].Files = files
		}
	}
	return direct, nil
}

// global reports whether a file decides about every task.
func global(name string) bool {
	dir := path.Dir(name)
	return name == "go.work" || path.Ext(name) == ".go" && (dir == "." || dir == "magefiles")
}

// A difference is the files that differ between two states of the tree, and how to find what these states' packages consist of.
type difference struct {
	pipeline *Pipeline
	env      []string
	files    map[string]bool
	global   []string
	views    []view
}

// A view is one state of the tree.
type view struct {
	config  gosource.Config // its reading functions
	readers map[string]*gosource.Reader
}

// look opens the states of the tree on both sides.
func (d *difference) look(ctx context.Context, from, to string) error {
	p := d.pipeline
	for _, commit := range []string{from, to} {
		v := view{config: gosource.Config{Headers: p.headers}, readers: make(map[string]*gosource.Reader)}
		if commit != "" {
			tree, err := revision.Open(ctx, p.workspace.Root, commit, p.headers)
			if err != nil {
				return err
			}
			v.config.Headers, v.config.ReadDir = tree, tree.ReadDir
		}
		d.views = append(d.views, v)
	}
	return nil
}

// inputsOf returns which of the files are inputs of a task in one of the states.
func (d *difference) inputsOf(n *node) ([]string, error) {
	if n.isGroup() {
		return nil, nil
	}
	found := make(map[string]bool)
	for name := range d.files {
		if d.matches(n, name) {
			found[name] = true
		}
	}
	for _, v := range d.views {
		files, err := d.goFiles(v, n)
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if d.files[name] {
				found[name] = true
			}
		}
	}
	maps.DeleteFunc(found, func(name string, _ bool) bool { return n.inputs.Drops(name) || n.outputs.Match(name) })
	return slices.Sorted(maps.Keys(found)), nil
}

// matches reports whether a file is an input by its name alone.
func (d *difference) matches(n *node, name string) bool {
	isGo := len(n.GoBuild)+len(n.GoTest) > 0
	if isGo && path.Base(name) == "go.mod" && d.pipeline.workspace.Module(path.Dir(name)) != nil {
		return true // versions are selected over the whole workspace
	}
	if !n.inputs.Match(name) && (isGo || !n.inputs.Empty() || !glob.Within(n.module.Name, name)) {
		return false
	}
	// Files of a module below are not among those that a pattern finds, unless it begins there.
	owner := d.pipeline.containing(name)
	return owner == nil || owner == n.module || !glob.Within(n.module.Name, owner.Name) ||
		slices.ContainsFunc(n.inputs.Bases(), func(base string) bool { return glob.Within(owner.Name, base) })
}

// goFiles returns the files that a Go task reads in one state of the tree.
func (d *difference) goFiles(v view, n *node) ([]string, error) {
	if len(n.GoBuild)+len(n.GoTest) == 0 {
		return nil, nil
	}
	settings, err := gokey.Read(n.environment(d.env))
	if err != nil {
		return nil, err
	}
	config := settings.Source(n.tags()...)
	id := fmt.Sprint(config.GOOS, " ", config.GOARCH, " ", config.CGO, " ", config.Tags)
	if v.readers[id] == nil {
		config.Headers, config.ReadDir = v.config.Headers, v.config.ReadDir
		v.readers[id] = gosource.New(d.pipeline.workspace, config)
	}
	built, err := v.readers[id].Build(n.packages(n.GoBuild)...)
	if err != nil {
		return nil, err
	}
	tested, err := v.readers[id].Test(n.packages(n.GoTest)...)
	if err != nil {
		return nil, err
	}
	return slices.Concat(built.Files, tested.Files, gokey.Sums(built.Modules), gokey.Sums(tested.Modules)), nil
}

// tags returns the build tags that a task's commands switch on.
func (n *node) tags() []string {
	var tags []string
	for _, args := range n.Commands {
		tags = append(tags, gokey.Tags(args)...)
	}
	return tags
}

// containing returns the member whose folder holds a file or folder, the innermost, or nil.
func (p *Pipeline) containing(name string) *workspace.Module {
	for dir := path.Clean(name); dir != "." && dir != ".."; dir = path.Dir(dir) {
		if m := p.members[dir]; m != nil {
			return m
		}
	}
	return p.members[filter.Root]
}
