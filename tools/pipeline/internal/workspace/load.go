package workspace

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"magpie.build/tools/pipeline/internal/hash"
)

// ErrNoWorkspace says that no go.work lies in a folder or above it.
var ErrNoWorkspace = errors.New("no go.work here or in any folder above")

// FindRoot returns the nearest folder at or above dir that holds a go.work, or [ErrNoWorkspace].
func FindRoot(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the workspace of %q: %w", dir, err)
	}
	for at := start; ; {
		if info, err := os.Stat(filepath.Join(at, "go.work")); err == nil && !info.IsDir() {
			return at, nil
		}
		parent := filepath.Dir(at)
		if parent == at {
			return "", fmt.Errorf("find the workspace of %s: %w", start, ErrNoWorkspace)
		}
		at = parent
	}
}

// Load reads go.work in root and the go.mod of every module it uses. Errors name the file and
// line at fault.
func Load(root string) (*Workspace, error) { return LoadIndexed(root, hash.Open(root, "")) }

// LoadIndexed is Load with a file index, whose root has to be the same: a go.mod whose stat it knows is not read.
func LoadIndexed(root string, index *hash.Index) (*Workspace, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("load workspace %q: %w", root, err)
	}
	w := empty(root, index)
	name := filepath.Join(root, "go.work")
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("load workspace %s: %w", root, ErrNoWorkspace)
	}
	if err != nil {
		return nil, fmt.Errorf("load workspace: %w", err)
	}
	work, err := modfile.ParseWork(name, data, nil)
	if err != nil {
		return nil, fmt.Errorf("load workspace: %w", err)
	}
	replaces, err := w.readMembers(name, work)
	if err != nil {
		return nil, fmt.Errorf("load workspace: %w", err)
	}
	if work.Go != nil {
		w.GoVersion = work.Go.Version
	}
	w.readReplaced(replaces)
	w.finish()
	return w, nil
}

func empty(root string, index *hash.Index) *Workspace {
	return &Workspace{
		Root: root, index: index,
		byName: map[string]*Module{}, byPath: map[string]*Module{}, versions: map[string]module.Version{}, instead: map[string][]string{},
	}
}

// replace is a replace directive whose target is a folder, which is absolute.
type replace struct{ path, dir string }

// readMembers adds every module that go.work uses, and returns the folders that it or a member
// puts in the place of other modules: go.work's first, for they win.
func (w *Workspace) readMembers(name string, work *modfile.WorkFile) ([]replace, error) {
	var ofWork []string
	for _, r := range work.Replace {
		ofWork = append(ofWork, r.Old.Path, r.Old.Version, r.New.Path, r.New.Version)
	}
	replaces := localReplaces(w.Root, ofWork)
	var ofMembers []string
	for _, use := range work.Use {
		at := fmt.Sprintf("%s:%d", name, use.Syntax.Start.Line)
		module, mod, err := w.readModule(resolve(w.Root, use.Path))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: use %s: there is no go.mod in that folder", at, use.Path)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: use %s: %w", at, use.Path, err)
		}
		if other := w.byPath[module.Path]; other != nil {
			return nil, fmt.Errorf("%s: use %s: module %s is already the one in %s", at, use.Path, module.Path, other.Name)
		}
		w.byName[module.Name], w.byPath[module.Path] = module, module
		w.Modules = append(w.Modules, module)
		replaces = append(replaces, localReplaces(module.Dir, mod.replaces)...)
		ofMembers = append(ofMembers, mod.replaces...)
		w.requireVersions(mod.requires)
	}
	w.replaceVersions(slices.Concat(ofMembers, ofWork))
	return replaces, nil
}

// readReplaced adds replaced modules that are no members. A folder without a readable go.mod is
// left to the go command to complain about, as it may well not be needed.
func (w *Workspace) readReplaced(replaces []replace) {
	for _, r := range replaces {
		if w.byPath[r.path] != nil {
			continue
		}
		module, mod, err := w.readModule(r.dir)
		if err != nil {
			continue
		}
		w.requireVersions(mod.requires)
		module.Path = r.path
		w.byPath[r.path] = module
		w.Replaced = append(w.Replaced, module)
	}
}

func (w *Workspace) finish() {
	byName := func(a, b *Module) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(w.Modules, byName)
	slices.SortFunc(w.Replaced, byName)
	for _, module := range w.byPath {
		for _, path := range module.requires {
			if required := w.byPath[path]; required != nil && required != module {
				module.Requires = append(module.Requires, required.Name)
			}
		}
		slices.Sort(module.Requires)
		module.Requires = slices.Compact(module.Requires)
	}
}

func (w *Workspace) readModule(dir string) (*Module, goMod, error) {
	rel, err := filepath.Rel(w.Root, dir)
	if err != nil {
		return nil, goMod{}, err
	}
	mod, err := w.readGoMod(dir, filepath.ToSlash(rel))
	if err != nil {
		return nil, goMod{}, err
	}
	module := &Module{Name: filepath.ToSlash(rel), Path: mod.path, Dir: dir, GoVersion: mod.goVersion, Ignore: mod.ignores}
	for require := range slices.Chunk(mod.requires, 2) {
		module.requires = append(module.requires, require[0])
	}
	return module, mod, nil
}

// readGoMod asks the index, and reads the file where there is something to complain about.
func (w *Workspace) readGoMod(dir, name string) (goMod, error) {
	if _, text, err := w.index.Note(path.Join(name, "go.mod"), GoModLines); err == nil {
		if mod, ok := readGoModLines(text); ok {
			return mod, nil
		}
	}
	file := filepath.Join(dir, "go.mod")
	data, err := os.ReadFile(file) //nolint:gosec // go.work may name any folder, as for the go command
	if err != nil {
		return goMod{}, err
	}
	return parseGoMod(file, data)
}

// localReplaces returns the directives whose new path is a folder, seen from dir. They are given as old path and
// version, new path and version in turn.
func localReplaces(dir string, all []string) []replace {
	var local []replace
	for r := range slices.Chunk(all, 4) {
		if modfile.IsDirectoryPath(r[2]) {
			local = append(local, replace{path: r[0], dir: resolve(dir, r[2])})
		}
	}
	return local
}

// resolve returns a path written in a go.work or go.mod that lies in dir as an absolute one.
func resolve(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}
