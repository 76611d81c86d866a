package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
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
	}
	if err := d.addLinks(ctx); err != nil {
		return nil, err
	}
	d.names = slices.Sorted(maps.Keys(d.files))
	if decisive := slices.DeleteFunc(slices.Clone(d.names), func(name string) bool { return !global(name) }); len(decisive) > 0 {
		return c.all(GlobalFileChanged, decisive), nil
	}
	for _, name := range d.names {
		if path.Base(name) == "go.mod" && p.workspace.Module(path.Dir(name)) != nil {
			d.goMods = append(d.goMods, name)
		}
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
	names    []string // of the same, sorted
	goMods   []string // among them, of members
	views    []view
}

// A view is one state of the tree: it returns the reader for a configuration.
type view func(gosource.Config) *gosource.Reader

// look opens the states of the tree on both sides.
func (d *difference) look(ctx context.Context, from, to string) error {
	for _, commit := range []string{from, to} {
		v := d.pipeline.read().reader // the working tree
		if commit != "" {
			tree, err := revision.Open(ctx, d.pipeline.workspace.Root, commit, d.pipeline.headers)
			if err != nil {
				return err
			}
			v = d.readers(tree)
		}
		d.views = append(d.views, v)
	}
	return nil
}

// readers returns the readers of a commit, the same for equal configurations.
func (d *difference) readers(tree *revision.Tree) view {
	known := make(map[string]*gosource.Reader)
	return func(c gosource.Config) *gosource.Reader {
		id := fmt.Sprint(c.GOOS, " ", c.GOARCH, " ", c.CGO, " ", c.Tags)
		if known[id] == nil {
			c.Headers, c.ReadDir = tree, tree.ReadDir
			known[id] = gosource.New(d.pipeline.workspace, c)
		}
		return known[id]
	}
}

// addLinks counts links to files that differ among the files that differ, as a link's input is what lies behind it, too.
func (d *difference) addLinks(ctx context.Context) error {
	root := d.pipeline.workspace.Root
	links, err := git.Links(ctx, root)
	if err != nil {
		return err
	}
	for _, name := range links {
		text, err := os.Readlink(d.pipeline.workspace.Abs(name))
		if err != nil {
			continue // it is gone, and so among the files already
		}
		next := path.Join(path.Dir(name), filepath.ToSlash(text))
		last := next
		if target, err := filepath.EvalSymlinks(d.pipeline.workspace.Abs(name)); err == nil {
			if rel, err := d.pipeline.workspace.Rel(target); err == nil {
				last = rel
			}
		}
		if d.files[next] || d.files[last] {
			d.files[name] = true
		}
	}
	return nil
}

// inputsOf returns which of the files are inputs of a task in one of the states.
func (d *difference) inputsOf(n *node) ([]string, error) {
	if n.isGroup() {
		return nil, nil
	}
	found := make(map[string]bool)
	for _, name := range d.matching(n) {
		found[name] = true
	}
	if n.isGo() {
		before, err := d.goFiles(d.views[0], n)
		if err != nil {
			return nil, err
		}
		after, err := d.goFiles(d.views[1], n)
		if err != nil {
			return nil, err
		}
		for name := range union(before, after) {
			// What was read and no longer is, or the other way round, need not have changed itself: a go.mod in a folder above
			// makes it another module's.
			if d.files[name] || before[name] != after[name] {
				found[name] = true
			}
		}
	}
	maps.DeleteFunc(found, func(name string, _ bool) bool { return n.inputs.Drops(name) || n.outputs.Match(name) })
	return slices.Sorted(maps.Keys(found)), nil
}

// matching returns which of the files are inputs of a task by their names alone.
func (d *difference) matching(n *node) []string {
	var found []string
	if n.isGo() {
		found = slices.Clone(d.goMods) // versions are selected over the whole workspace
	}
	patterns := n.inputs
	if patterns.Empty() && !n.isGo() {
		patterns = n.whole
	}
	for _, base := range patterns.Bases() {
		for _, name := range d.below(base) {
			if patterns.Match(name) && d.reaches(n, base, name) {
				found = append(found, name)
			}
		}
	}
	return found
}

// below returns the file called base, or those in the folder.
func (d *difference) below(base string) []string {
	if base == "." {
		return d.names
	}
	from, _ := slices.BinarySearch(d.names, base)
	to, _ := slices.BinarySearch(d.names, base+"0") // the character behind a slash
	return slices.DeleteFunc(slices.Clone(d.names[from:to]), func(name string) bool { return !glob.Within(base, name) })
}

// reaches reports whether a pattern that begins at base finds a file: not where that lies in a module below the task's, unless
// the pattern begins there.
func (d *difference) reaches(n *node, base, name string) bool {
	owner := d.pipeline.containing(name)
	return owner == n.module || !glob.Within(n.module.Name, owner.Name) || glob.Within(owner.Name, base)
}

// goFiles returns the files that a Go task reads in one state of the tree.
func (d *difference) goFiles(v view, n *node) (map[string]bool, error) {
	settings, err := d.pipeline.read().goSettings(n.environment(d.env))
	if err != nil {
		return nil, err
	}
	reader := v(settings.source(n.tags()...))
	built, err := reader.Build(n.packages(n.GoBuild)...)
	if err != nil {
		return nil, err
	}
	tested, err := reader.Test(n.packages(n.GoTest)...)
	if err != nil {
		return nil, err
	}
	files := make(map[string]bool)
	for _, list := range [][]string{built.Files, tested.Files, gokey.Sums(built.Modules), gokey.Sums(tested.Modules)} {
		for _, name := range list {
			files[name] = true
		}
	}
	return files, nil
}

func union(a, b map[string]bool) map[string]bool {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
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
