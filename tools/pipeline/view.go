package pipeline

import (
	"slices"

	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
)

// A view is one state of the tree: how to read its Go source, and whether that holds a file that differs.
type view struct {
	difference *difference
	side       string
	config     gosource.Config // the functions that read
	readers    map[string]*gosource.Reader
}

// reader returns the reader for an environment and build tags, the same for equal configurations. Its sums are this view's own.
func (v *view) reader(env, tags []string) (*gosource.Reader, error) {
	settings, err := v.difference.pipeline.read().goSettings(env)
	if err != nil {
		return nil, err
	}
	config := settings.source(tags...)
	id := configID(config)
	if v.readers[id] == nil {
		config.Headers, config.ReadDir = v.config.Headers, v.config.ReadDir
		v.readers[id] = gosource.New(v.difference.pipeline.workspace, config)
	}
	return v.readers[id], nil
}

// readerOf returns the reader for a task.
func (v *view) readerOf(n *node) (*gosource.Reader, error) {
	return v.reader(v.difference.environment(n), n.tags())
}

// key returns what tells whether the files of a Go task are the same as in the other view, without a list of them all.
func (v *view) key(n *node) (hash.Key, error) {
	h := hash.New("view")
	reader, err := v.readerOf(n)
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
	reader, err := v.readerOf(n)
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
	reader, err := v.readerOf(n)
	if err != nil {
		return false, err
	}
	return reader.Reads(n.leavesOut, len(n.GoTest) > 0, slices.Concat(n.packages(n.GoBuild), n.packages(n.GoTest))...)
}
