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
	"magpie.build/tools/pipeline/internal/hash"
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
		differ, files, err := d.inputsOf(p.nodes[id], c.listed)
		if err != nil {
			return nil, fmt.Errorf("find out whether %s is affected: %w", id, err)
		}
		if differ {
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
	views    [2]*view
}

// A view is one state of the tree: how to read its Go source, and whether that holds a file that differs.
type view struct {
	difference *difference
	side       string
	config     gosource.Config // the functions that read
	readers    map[string]*gosource.Reader
}

// look opens the states of the tree on both sides.
func (d *difference) look(ctx context.Context, from, to string) error {
	p := d.pipeline
	for i, commit := range []string{from, to} {
		v := &view{
			difference: d, side: [...]string{"before", "after"}[i],
			config: gosource.Config{Headers: p.headers, ReadDir: p.index.ReadDir}, readers: make(map[string]*gosource.Reader),
		}
		if commit != "" {
			tree, err := revision.Open(ctx, p.workspace.Root, commit, v.config)
			if err != nil {
				return err
			}
			v.config.Headers, v.config.ReadDir = tree, tree.ReadDir
		}
		d.views[i] = v
	}
	return nil
}

// reader returns the reader for a task, the same for tasks with equal configurations. Its sums are this view's own.
func (v *view) reader(n *node) (*gosource.Reader, error) {
	settings, err := v.difference.pipeline.read().goSettings(n.environment(v.difference.env))
	if err != nil {
		return nil, err
	}
	config := settings.source(n.tags()...)
	id := configID(config)
	if v.readers[id] == nil {
		config.Headers, config.ReadDir = v.config.Headers, v.config.ReadDir
		v.readers[id] = gosource.New(v.difference.pipeline.workspace, config)
	}
	return v.readers[id], nil
}

// key returns what tells whether the files of a Go task are the same as in the other view, without a list of them all.
func (v *view) key(n *node) (hash.Key, error) {
	h := hash.New("view")
	reader, err := v.reader(n)
	if err != nil {
		return hash.Key{}, err
	}
	if err := reader.AddBuild(h, v, n.packages(n.GoBuild)...); err != nil {
		return hash.Key{}, err
	}
	if err := reader.AddTest(h, v, n.packages(n.GoTest)...); err != nil {
		return hash.Key{}, err
	}
	return h.Key(), nil
}

var _ gosource.Sums = (*view)(nil)

// Add adds files by name. One that differs is another in each view.
func (v *view) Add(h *hash.Hasher, names []string) error {
	for _, name := range names {
		if v.difference.files[name] {
			h.Add(v.side, name)
		} else {
			h.Add("file", name)
		}
	}
	return nil
}

// AddCompiled adds files.
func (v *view) AddCompiled(h *hash.Hasher, names []string) error { return v.Add(h, names) }

// AddExternal adds the files of checksums.
func (v *view) AddExternal(h *hash.Hasher, module string, _ []string) error {
	return v.Add(h, gokey.Sums([]string{module}))
}

// files returns the files that a Go task reads, sorted.
func (v *view) files(n *node) ([]string, error) {
	reader, err := v.reader(n)
	if err != nil {
		return nil, err
	}
	built, err := reader.Build(n.packages(n.GoBuild)...)
	if err != nil || len(n.GoTest) == 0 {
		return sorted(built.Files, gokey.Sums(built.Modules)), err
	}
	tested, err := reader.Test(n.packages(n.GoTest)...)
	if err != nil {
		return nil, err
	}
	return sorted(built.Files, gokey.Sums(built.Modules), tested.Files, gokey.Sums(tested.Modules)), nil
}

func sorted(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// leavesOut reports whether a Go task takes any of its packages' files away itself.
func (v *view) leavesOut(n *node) (bool, error) {
	reader, err := v.reader(n)
	if err != nil {
		return false, err
	}
	return reader.Reads(n.leavesOut, len(n.GoTest) > 0, slices.Concat(n.packages(n.GoBuild), n.packages(n.GoTest))...)
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

// inputsOf reports whether an input of a task differs, and returns which do. Of the source of a Go task that is a list to make, which is
// left out unless listed says that it is of use.
func (d *difference) inputsOf(n *node, listed bool) (differ bool, files []string, err error) {
	if n.isGroup() {
		return false, nil, nil
	}
	files = slices.DeleteFunc(d.matching(n), n.leavesOut)
	if n.isGo() {
		var source []string
		if differ, source, err = d.compiled(n, listed); err != nil {
			return false, nil, err
		}
		files = sorted(files, source)
	}
	return differ || len(files) > 0, files, nil
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

// compiled reports whether the files that a Go task's packages consist of differ, and, where listed, returns which do.
func (d *difference) compiled(n *node, listed bool) (differ bool, files []string, err error) {
	var keys [2]hash.Key
	for i, v := range d.views {
		if keys[i], err = v.key(n); err != nil {
			return false, nil, err
		}
		leavesOut, err := v.leavesOut(n)
		if err != nil {
			return false, nil, err
		}
		listed = listed || leavesOut
	}
	if keys[0] == keys[1] || !listed {
		return keys[0] != keys[1], nil, nil
	}
	before, err := d.views[0].files(n)
	if err != nil {
		return false, nil, err
	}
	after, err := d.views[1].files(n)
	if err != nil {
		return false, nil, err
	}
	for len(before)+len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0] < after[0]:
			// What was read and no longer is, or the other way round, need not have changed itself: a go.mod in a
			// folder above makes it another module's.
			files, before = append(files, before[0]), before[1:]
		case len(before) == 0 || after[0] < before[0]:
			files, after = append(files, after[0]), after[1:]
		default:
			if d.files[before[0]] {
				files = append(files, before[0])
			}
			before, after = before[1:], after[1:]
		}
	}
	files = slices.DeleteFunc(files, n.leavesOut)
	return len(files) > 0, files, nil
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
