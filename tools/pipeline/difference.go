package pipeline

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/git"
	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/revision"
)

// compare returns the tasks with an input that differs between two commits, or a commit and the working tree where to is empty.
//
// Which files are inputs is looked up in both states: a file that is gone counts for the tasks that read it before.
func (c *choice) compare(ctx context.Context, from, to string) (map[string]*AffectedTask, error) {
	p := c.pipeline
	changes, err := git.Diff(ctx, p.workspace.Root, from, to)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	d := &difference{pipeline: p, env: c.options.Env, envs: make(map[string][]string), files: make(map[string]bool), cache: p.openCache()}
	var decisive []string
	for _, change := range changes {
		d.files[change.Name] = true
		if global(change.Name) || change.Submodule {
			decisive = append(decisive, change.Name)
		}
	}
	if len(decisive) > 0 {
		return c.all(GlobalFileChanged, sorted(decisive)), nil
	}
	if err := d.addLinks(ctx); err != nil {
		return nil, err
	}
	d.names = slices.Sorted(maps.Keys(d.files))
	if d.selects, err = d.selecting(ctx, changes); err != nil {
		return nil, err
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
	envs     map[string][]string // of tasks, by what they declare
	files    map[string]bool
	names    []string // of the same, sorted
	selects  []string // among them, see selecting
	views    [2]*view
	magefile *[]string // see magefileFiles; nil before somebody asks
	cache    *cache.Cache
}

// look opens the states of the tree on both sides.
func (d *difference) look(ctx context.Context, from, to string) error {
	p := d.pipeline
	for i, commit := range []string{from, to} {
		v := &view{
			difference: d, side: [...]string{"before", "after"}[i],
			config: gosource.Config{Headers: p.headers, ReadDir: p.index.ReadDir}, readers: make(map[string]*viewReader), checksums: make(map[string]*gokey.Checksums),
		}
		if commit != "" {
			tree, err := revision.Open(ctx, p.workspace.Root, commit, v.config)
			if err != nil {
				return err
			}
			v.config.Headers, v.config.ReadDir = tree, tree.ReadDir
			if v.instead, err = tree.Contents(ctx, gokey.SumFiles(p.workspace)); err != nil {
				return err
			}
		}
		d.views[i] = v
	}
	return nil
}

// environment returns what a task's processes are given. It is worked out once for tasks that declare the same.
func (d *difference) environment(n *node) []string {
	id := n.environmentID()
	if d.envs[id] == nil {
		d.envs[id] = n.environment(d.env)
	}
	return d.envs[id]
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
	observed, err := d.observed(n)
	if err != nil {
		return false, nil, err
	}
	files = sorted(files, observed)
	if n.Func != nil {
		magefile, err := d.magefileFiles()
		if err != nil {
			return false, nil, err
		}
		files = sorted(files, magefile)
	}
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
		found = slices.Clone(d.selects) // versions are selected over the whole workspace
	}
	for _, patterns := range []glob.Set{n.inputs, n.whole} {
		found = append(found, d.matched(n, patterns)...)
	}
	if !n.whole.Empty() {
		// What is ignored in a module is said in the folders above it, too.
		for _, name := range d.names {
			if path.Base(name) == ".gitignore" && glob.Within(path.Dir(name), n.module.Name) {
				found = append(found, name)
			}
		}
	}
	return found
}

// matched returns which of the files patterns hold. A file that git ignores is none that git says differs.
func (d *difference) matched(n *node, patterns glob.Set) []string {
	var found []string
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

// compiled reports whether what a Go task's packages consist of differs, and, where listed, returns which files do.
func (d *difference) compiled(n *node, listed bool) (differ bool, files []string, err error) {
	var keys [2]hash.Key
	for i, v := range d.views {
		if keys[i], err = v.key(n); err != nil {
			return false, nil, err
		}
	}
	if keys[0] == keys[1] || !listed {
		return keys[0] != keys[1], nil, nil
	}
	var read, sums [2][]string
	var lines [2]hash.Key
	for i, v := range d.views {
		r, err := v.readerOf(n)
		if err != nil {
			return false, nil, err
		}
		if read[i], sums[i], lines[i], err = r.consists(n); err != nil {
			return false, nil, err
		}
	}
	before, after := read[0], read[1]
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
	if lines[0] != lines[1] {
		for _, name := range slices.Concat(sums[0], sums[1]) {
			if d.files[name] {
				files = append(files, name)
			}
		}
	}
	return true, slices.DeleteFunc(sorted(files), n.leavesOut), nil
}
