package pipeline

import (
	"path"
	"slices"

	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/workspace"
)

// A view is one state of the tree: how to read its Go source, and whether that holds a file that differs.
type view struct {
	difference *difference
	side       string
	config     gosource.Config   // the functions that read
	instead    map[string][]byte // what files of checksums hold in this state, where that is not what they hold now
	readers    map[string]*viewReader
	checksums  map[string]*gokey.Checksums // by module cache
}

// A viewReader reads one state of the tree in one configuration. It sums up files by whether they differ.
type viewReader struct {
	*gosource.Reader

	view    *view
	modules string // the module cache
	alone   bool
}

// reader returns the reader for settings and build tags, the same for equal configurations. Its sums are this view's own.
func (v *view) reader(ws *workspace.Workspace, settings *goSettings, tags []string) *viewReader {
	config := settings.sourceIn(ws, v.difference.pipeline.workspace, tags...)
	id := settings.modules + ws.ID() + configID(config)
	if v.readers[id] == nil {
		config.Headers, config.ReadDir = v.config.Headers, v.config.ReadDir
		v.readers[id] = &viewReader{gosource.New(ws, config), v, settings.modules, settings.IsAlone()}
	}
	return v.readers[id]
}

// readerOf returns the reader for a task.
func (v *view) readerOf(n *node) (*viewReader, error) {
	facts := v.difference.pipeline.read()
	settings, err := facts.goSettings(v.difference.environment(n))
	if err != nil {
		return nil, err
	}
	ws, err := facts.workspaceOf(n, settings)
	if err != nil {
		return nil, err
	}
	return v.reader(ws, settings, n.tags()), nil
}

// key returns what tells whether what a Go task's key holds of its packages is the same as in the other view.
func (v *view) key(n *node) (hash.Key, error) {
	h := hash.New("view")
	r, err := v.readerOf(n)
	if err != nil {
		return hash.Key{}, err
	}
	if r.alone {
		v.add(h, gokey.Sums([]string{n.module.Name}))
	}
	listed, err := r.leavesOut(n)
	if err != nil {
		return hash.Key{}, err
	}
	if listed {
		if err := r.addListed(h, n); err != nil {
			return hash.Key{}, err
		}
		return h.Key(), nil
	}
	if err := r.AddBuild(h, r, n.packages(n.GoBuild)...); err != nil {
		return hash.Key{}, err
	}
	if err := r.AddTest(h, r, n.packages(n.GoTest)...); err != nil {
		return hash.Key{}, err
	}
	return h.Key(), nil
}

// leavesOut reports whether a Go task takes any of its packages' files away itself.
func (r *viewReader) leavesOut(n *node) (bool, error) {
	return r.Reads(n.leavesOut, len(n.GoTest) > 0, slices.Concat(n.packages(n.GoBuild), n.packages(n.GoTest))...)
}

// addListed adds what the key of a task holds that takes files of its packages away.
func (r *viewReader) addListed(h *hash.Hasher, n *node) error {
	read, err := r.inputs(n)
	if err != nil {
		return err
	}
	r.view.add(h, slices.DeleteFunc(sorted(read.Files, gokey.Sums(read.Modules)), n.leavesOut))
	h.Add("torn", read.Torn...)
	return r.AddExternal(h, n.module.Name, read.External)
}

// add adds files by name. One that differs is another in each view.
func (v *view) add(h *hash.Hasher, names []string) {
	for _, name := range names {
		if v.difference.files[name] {
			h.Add(v.side, name)
		} else {
			h.Add("file", name)
		}
	}
}

var _ gosource.Sums = (*viewReader)(nil)

// Add implements [gosource.Sums].
func (r *viewReader) Add(h *hash.Hasher, names []string) error {
	r.view.add(h, names)
	return nil
}

// AddCompiled implements [gosource.Sums].
func (r *viewReader) AddCompiled(h *hash.Hasher, names []string) error { return r.Add(h, names) }

// AddExternal implements [gosource.Sums].
func (r *viewReader) AddExternal(h *hash.Hasher, module string, imports []string) error {
	_, err := r.addLines(h, []string{module}, imports)
	return err
}

// addLines adds the lines of checksums that concern imports of modules, or the files that they are in, and returns the files. While
// no such file differs, no line does.
func (r *viewReader) addLines(h *hash.Hasher, modules, imports []string) (files []string, err error) {
	all := gokey.SumFiles(r.view.difference.pipeline.workspace)
	if len(imports) == 0 || !slices.ContainsFunc(all, r.view.differs) {
		return nil, nil
	}
	checksums, err := r.view.readChecksums(r.modules)
	if err != nil || checksums.Add(h, imports) {
		return all, err
	}
	files = gokey.Sums(modules)
	r.view.add(h, files)
	return files, nil
}

func (v *view) differs(name string) bool { return v.difference.files[name] }

// readChecksums returns the checksums that hold in this state. Where the versions of modules differ all Go tasks do, and it makes
// no difference that they are those of now.
func (v *view) readChecksums(modules string) (*gokey.Checksums, error) {
	if known := v.checksums[modules]; known != nil {
		return known, nil
	}
	p := v.difference.pipeline
	versions, err := p.read().versions()
	if err != nil {
		return nil, err
	}
	read, err := gokey.ReadChecksumsOf(p.workspace, p.index, versions, modules, p.checksumsFile(), v.instead)
	v.checksums[modules] = read
	return read, err
}

// inputs returns what the packages of a Go task consist of.
func (r *viewReader) inputs(n *node) (gosource.Inputs, error) {
	built, err := r.Build(n.packages(n.GoBuild)...)
	if err != nil {
		return built, err
	}
	tested, err := r.Test(n.packages(n.GoTest)...)
	return gosource.Inputs{
		Files: sorted(built.Files, tested.Files), Modules: sorted(built.Modules, tested.Modules),
		External: sorted(built.External, tested.External), Torn: sorted(built.Torn, tested.Torn),
	}, err
}

// consists returns, sorted, what the packages of a Go task consist of, or what decides about that; and the files of checksums that
// concern it, with a key that tells their lines from those of the other view.
func (r *viewReader) consists(n *node) (files, sums []string, lines hash.Key, err error) {
	read, err := r.inputs(n)
	if err != nil {
		return nil, nil, hash.Key{}, err
	}
	files = read.Files
	for _, dir := range read.Torn {
		for _, name := range r.view.difference.at(dir) {
			if path.Ext(name) == ".go" {
				files = append(files, name)
			}
		}
	}
	if r.alone {
		files = append(files, gokey.Sums([]string{n.module.Name})...)
	}
	listed, err := r.leavesOut(n)
	if err != nil {
		return nil, nil, hash.Key{}, err
	}
	if listed {
		files = append(files, gokey.Sums(read.Modules)...)
	}
	h := hash.New("lines")
	for _, imported := range read.External { // of some the lines are known, of others the files count
		some, err := r.addLines(h, append(read.Modules, "."), []string{imported}) // the root's for what is in no module
		if err != nil {
			return nil, nil, hash.Key{}, err
		}
		sums = append(sums, some...)
	}
	return sorted(files), sums, h.Key(), nil
}

func sorted(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
