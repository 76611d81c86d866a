package pipeline

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
)

// facts are what has been read of the Go source so far. They are dropped whenever a task may have changed it.
type facts struct {
	mu       sync.Mutex
	readers  map[string]*gosource.Reader
	versions func() (hash.Key, error)
}

// known returns the facts that hold now.
func (s *session) known() *facts {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.facts == nil {
		s.facts = &facts{
			readers:  make(map[string]*gosource.Reader),
			versions: sync.OnceValues(func() (hash.Key, error) { return gokey.Versions(s.pipeline.workspace) }),
		}
	}
	return s.facts
}

// forget drops the facts.
func (s *session) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts = nil
	s.pipeline.index.Forget()
}

// reader returns the reader for a configuration, the same for equal ones.
func (s *session) reader(f *facts, c gosource.Config) *gosource.Reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := fmt.Sprintf("%q", []any{c.GOOS, c.GOARCH, c.Level, c.Experiments, c.CGO, c.Tags})
	if f.readers[id] == nil {
		c.Headers = s.pipeline.headers
		f.readers[id] = gosource.New(s.pipeline.workspace, c)
	}
	return f.readers[id]
}

// key works out the key of a task as things are now. The keys of what it depends on are known by then.
func (s *session) key(n *node) (hash.Key, error) {
	key, err := s.keyOf(n)
	if err != nil {
		return hash.Key{}, fmt.Errorf("work out what %s depends on: %w", n.id, err)
	}
	return key, nil
}

func (s *session) keyOf(n *node) (hash.Key, error) {
	h := hash.New("magpie task 1")
	h.Add("task", n.id)
	for _, args := range n.Commands {
		h.Add("command", args...)
	}
	if n.Func != nil {
		if err := s.addExecutable(h); err != nil {
			return hash.Key{}, err
		}
	}
	h.Add("outputs", n.Outputs...)
	env := n.environment(s.options.Env)
	n.addEnvironment(h, env)
	files, err := s.inputs(h, n, env)
	if err != nil {
		return hash.Key{}, err
	}
	if err := s.addFiles(h, files); err != nil {
		return hash.Key{}, err
	}
	if err := s.addLeftOut(h, n); err != nil {
		return hash.Key{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, dep := range s.graph.Deps(n.id) {
		key := s.keys[dep]
		h.Add("dependency", dep, string(key[:]))
	}
	return h.Key(), nil
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

// inputs returns the files that a task reads. What else decides about a Go task goes straight into the key.
func (s *session) inputs(h *hash.Hasher, n *node, env []string) ([]string, error) {
	var files []string
	if len(n.GoBuild)+len(n.GoTest) > 0 {
		source, err := s.goInputs(h, n, env)
		if err != nil {
			return nil, err
		}
		files = source
	}
	patterns := n.inputs
	if patterns.Empty() && len(files) == 0 && !n.isGroup() {
		var err error
		if patterns, err = glob.Parse(n.module.Name, append([]string{"**"}, n.Inputs...)); err != nil {
			return nil, err
		}
	}
	more, err := patterns.Files(os.DirFS(s.pipeline.workspace.Root), s.nested(n))
	if err != nil {
		return nil, err
	}
	files = append(files, more...)
	files = slices.DeleteFunc(files, func(name string) bool { return n.inputs.Drops(name) || n.outputs.Match(name) })
	slices.Sort(files)
	return slices.Compact(files), nil
}

// nested reports which folders belong to other modules than the task's.
func (s *session) nested(n *node) func(string) bool {
	return func(dir string) bool {
		m := s.pipeline.members[dir]
		return m != nil && m != n.module && glob.Within(n.module.Name, dir)
	}
}

// goInputs returns the files of the packages that a task builds or tests, and of the modules that these reach the
// checksums; settings, toolchain and versions go into the key.
func (s *session) goInputs(h *hash.Hasher, n *node, env []string) ([]string, error) {
	settings, err := gokey.Read(env)
	if err != nil {
		return nil, err
	}
	if err := settings.Add(h, s.pipeline.index); err != nil {
		return nil, err
	}
	f := s.known()
	versions, err := f.versions()
	if err != nil {
		return nil, err
	}
	h.Add("versions", string(versions[:]))
	var tags []string
	for _, args := range n.Commands {
		tags = append(tags, gokey.Tags(args)...)
	}
	reader := s.reader(f, settings.Source(tags...))
	built, err := reader.Build(n.packages(n.GoBuild)...)
	if err != nil {
		return nil, err
	}
	tested, err := reader.Test(n.packages(n.GoTest)...)
	if err != nil {
		return nil, err
	}
	return slices.Concat(built.Files, tested.Files, gokey.Sums(built.Modules), gokey.Sums(tested.Modules)), nil
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

// addFiles adds files by name, kind and content; of a link both its text and what it leads to. Missing ones
// are left out.
func (s *session) addFiles(h *hash.Hasher, names []string) error {
	files, err := s.pipeline.index.Files(names)
	if err != nil {
		return err
	}
	for _, name := range names {
		file, ok := files[name]
		if !ok {
			continue
		}
		h.Add("file", name, kind(file.Mode), string(file.Content[:]))
		if file.Mode&fs.ModeSymlink == 0 {
			continue
		}
		target, err := filepath.EvalSymlinks(filepath.Join(s.pipeline.workspace.Root, filepath.FromSlash(name)))
		if err != nil {
			continue // a dangling link is its text
		}
		if behind, err := s.pipeline.index.File(filepath.ToSlash(target)); err == nil {
			h.Add("behind", kind(behind.Mode), string(behind.Content[:]))
		}
	}
	return nil
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
