package pipeline

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
)

// key works out the key of a task as things are now. What the tasks it depends on made is known by then.
func (s *session) key(n *node) (hash.Key, error) {
	key, err := s.keyOf(n)
	if err != nil {
		return hash.Key{}, fmt.Errorf("work out what %s depends on: %w", n.id, err)
	}
	return key, nil
}

// keyRules names the rules about what a key holds. It changes when they do.
const keyRules = "magpie task 5"

func (s *session) keyOf(n *node) (hash.Key, error) {
	h, err := s.begin(n)
	if err != nil {
		return hash.Key{}, err
	}
	if err := s.addInputs(h, n, s.environment(n)); err != nil {
		return hash.Key{}, err
	}
	if err := s.addLeftOut(h, n); err != nil {
		return hash.Key{}, err
	}
	return h.Key(), nil
}

// begin begins a key with everything but the files that a task reads.
func (s *session) begin(n *node) (*hash.Hasher, error) { return s.beginTraced(n, nil) }

func (s *session) beginTraced(n *node, trace func(string, []string)) (*hash.Hasher, error) {
	h := hash.New(keyRules)
	h.Trace = trace
	h.Add("task", n.id)
	for _, args := range n.Commands {
		h.Add("command", args...)
	}
	if n.Func != nil {
		if err := s.addExecutable(h); err != nil {
			return nil, err
		}
		h.Add("arguments", n.args...)
	}
	h.Add("outputs", n.Outputs...)
	if !s.pipeline.overlooks.environment {
		n.addEnvironment(h, s.environment(n))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, dep := range s.graph.Deps(n.id) {
		s.addDependency(h, n, dep)
	}
	return h, nil
}

func (s *session) addExecutable(h *hash.Hasher) error {
	name, err := os.Executable()
	if err != nil {
		return err
	}
	file, err := s.pipeline.index.File(filepath.ToSlash(name))
	if err != nil {
		return err
	}
	h.Add("executable", string(file.Content[:]))
	return nil
}

// addInputs adds the files that a task reads, and what else decides about a Go task.
func (s *session) addInputs(h *hash.Hasher, n *node, env []string) error {
	files, err := s.globbed(n)
	if err != nil {
		return err
	}
	if !n.isGo() {
		return sums{pipeline: s.pipeline}.Add(h, files)
	}
	source, err := s.source(h, n, env)
	if err != nil {
		return err
	}
	sums := source.sums
	// The sums of packages are shared by all tasks, so that what a task takes away has to be taken from a list.
	listed, err := source.Reads(n.leavesOut, len(n.GoTest) > 0, slices.Concat(source.build, source.test)...)
	if err != nil {
		return err
	}
	if listed {
		if files, err = source.files(n, files); err != nil {
			return err
		}
		if err := source.addRest(h, n); err != nil {
			return err
		}
		return sums.Add(h, files)
	}
	if err := source.AddBuild(h, sums, source.build...); err != nil {
		return err
	}
	if err := source.AddTest(h, sums, source.test...); err != nil {
		return err
	}
	return sums.Add(h, files)
}

func (n *node) isGo() bool { return len(n.GoBuild)+len(n.GoTest) > 0 }

// leavesOut reports whether a task's own patterns take a file from its inputs: by "!", or because the task writes it.
func (n *node) leavesOut(name string) bool { return n.inputs.Drops(name) || n.outputs.Match(name) }

// globbed returns the files that the patterns of a task hold, sorted.
func (s *session) globbed(n *node) ([]string, error) {
	index := s.pipeline.index
	files, err := n.inputs.Files(index.ReadDir, s.nested(n))
	if err != nil {
		return nil, err
	}
	if !n.whole.Empty() {
		ignored, nested := s.pipeline.read().ignored, s.nested(n)
		whole, err := n.whole.Files(index.ReadDir, func(dir string) bool { return nested(dir) || ignored.Dir(dir) })
		if err != nil {
			return nil, err
		}
		files = sorted(files, ignored.Leave(whole))
	}
	return slices.DeleteFunc(files, n.leavesOut), nil
}

// nested reports which folders belong to other modules than the task's.
func (s *session) nested(n *node) func(string) bool {
	return func(dir string) bool {
		m := s.pipeline.members[dir]
		return m != nil && m != n.module && glob.Within(n.module.Name, dir)
	}
}

// A source is the Go packages that a task builds and tests.
type source struct {
	*gosource.Reader

	sums        sums
	build, test []string
}

// source returns the packages of a task; settings, toolchain and versions go into the key.
func (s *session) source(h *hash.Hasher, n *node, env []string) (*source, error) {
	f := s.pipeline.read()
	settings, err := f.goSettings(env)
	if err != nil {
		return nil, err
	}
	versions, err := f.versions()
	if err != nil {
		return nil, err
	}
	h.Add("go", string(settings.key[:]), string(versions[:]))
	ws, err := f.workspaceOf(n, settings)
	if err != nil {
		return nil, err
	}
	sums := f.sums(settings)
	if settings.IsAlone() {
		// What comes from the workspace otherwise may come from elsewhere, and nothing of other modules' checksums counts.
		if err := sums.Add(h, gokey.Sums([]string{n.module.Name})); err != nil {
			return nil, err
		}
	}
	return &source{f.reader(ws, settings, n.tags()...), sums, n.packages(n.GoBuild), n.packages(n.GoTest)}, nil
}

// files lists what the packages consist of, with further files, and without what the task leaves out.
func (s *source) files(n *node, more []string) ([]string, error) {
	built, err := s.Build(s.build...)
	if err != nil {
		return nil, err
	}
	tested, err := s.Test(s.test...)
	if err != nil {
		return nil, err
	}
	files := slices.Concat(more, built.Files, tested.Files, gokey.Sums(built.Modules), gokey.Sums(tested.Modules))
	files = slices.DeleteFunc(files, n.leavesOut)
	slices.Sort(files)
	return slices.Compact(files), nil
}

// addRest adds to a key what counts beside the files that [source.files] lists.
func (s *source) addRest(h *hash.Hasher, n *node) error {
	built, err := s.Build(s.build...)
	if err != nil {
		return err
	}
	tested, err := s.Test(s.test...)
	if err != nil {
		return err
	}
	h.Add("torn", sorted(built.Torn, tested.Torn)...)
	if external := sorted(built.External, tested.External); len(external) > 0 {
		return s.sums.AddExternal(h, n.module.Name, external)
	}
	return nil
}

// tags returns the build tags that a task's commands switch on.
func (n *node) tags() []string {
	var tags []string
	for _, args := range n.Commands {
		tags = append(tags, gokey.Tags(args)...)
	}
	return tags
}

// packages makes package patterns relative to the root.
func (n *node) packages(patterns []string) []string {
	var dirs []string
	for _, p := range patterns {
		if rooted, ok := strings.CutPrefix(p, "//"); ok {
			dirs = append(dirs, path.Clean(rooted))
		} else {
			dirs = append(dirs, path.Join(n.module.Name, p))
		}
	}
	return dirs
}

// sums hashes files by what the index knows of them.
type sums struct {
	pipeline  *Pipeline
	checksums func() (*gokey.Checksums, error) // for AddExternal
}

var _ gosource.Sums = sums{}

// Add adds files by name, kind and content; of a link both its text and what it leads to. Missing ones are left out.
func (s sums) Add(h *hash.Hasher, names []string) error {
	return s.pipeline.index.Each(names, func(name string, file hash.File, err error) error {
		switch {
		case hash.Missing(err):
			return nil
		case err != nil:
			return err
		}
		h.AddContent("file", name, kind(file.Mode), &file.Content)
		if file.Mode&fs.ModeSymlink != 0 && !s.pipeline.overlooks.links {
			s.addTarget(h, name)
		}
		return nil
	})
}

func (s sums) addTarget(h *hash.Hasher, name string) {
	target, err := filepath.EvalSymlinks(s.pipeline.workspace.Abs(name))
	if err != nil {
		return // a dangling link is its text
	}
	if behind, err := s.pipeline.index.File(filepath.ToSlash(target)); err == nil {
		h.Add("behind", kind(behind.Mode), string(behind.Content[:]))
	}
}

// AddCompiled adds what importers can notice of files: of Go files not the words in comments.
func (s sums) AddCompiled(h *hash.Hasher, names []string) error {
	for _, name := range names {
		if path.Ext(name) != ".go" {
			if err := s.Add(h, []string{name}); err != nil {
				return err
			}
			continue
		}
		sum, isLink, err := s.pipeline.headers.Compiled(name)
		switch {
		case hash.Missing(err):
		case err != nil:
			return err
		case isLink:
			if err := s.Add(h, []string{name}); err != nil {
				return err
			}
		default:
			h.AddContent("compiled", name, "", &sum)
		}
	}
	return nil
}

// AddExternal adds the checksums of other modules' code: of those that the imports lead to, of all that the module has where
// it is not known which these are.
func (s sums) AddExternal(h *hash.Hasher, module string, imports []string) error {
	if s.pipeline.overlooks.sums {
		return nil
	}
	checksums, err := s.checksums()
	if err != nil {
		return err
	}
	if checksums.Add(h, imports) && !s.pipeline.overlooks.lines {
		return nil
	}
	return s.Add(h, gokey.Sums([]string{module}))
}

func kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "link"
	case mode&0o111 != 0:
		return "executable"
	}
	return "file"
}
