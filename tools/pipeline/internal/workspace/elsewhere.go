package workspace

import (
	"bytes"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"
)

// A ModuleCache finds packages of other modules that lead back: their module needs one of the workspace, whose files
// are then part of a build though nothing of the workspace imports them. Safe for concurrent use.
type ModuleCache struct {
	workspace *Workspace
	dir       string

	mu   sync.Mutex
	back map[module.Version]bool
}

// ModuleCache returns the module cache in a folder, an absolute path (GOMODCACHE).
func (w *Workspace) ModuleCache(dir string) *ModuleCache {
	return &ModuleCache{workspace: w, dir: dir, back: make(map[module.Version]bool)}
}

// Folder returns the folder of an external package whose module leads back, relative to the root, and whether there is
// one. What has not been downloaded yet leads nowhere: the task that downloads it is not stored, as its inputs change.
func (c *ModuleCache) Folder(importPath string) (string, bool) {
	for at := importPath; at != "."; at = path.Dir(at) {
		version, ok := c.workspace.versions[at]
		if !ok {
			continue
		}
		c.mu.Lock()
		leads := c.leadsBack(version)
		c.mu.Unlock()
		if !leads {
			return "", false
		}
		name, err := escaped(version)
		if err != nil {
			return "", false
		}
		dir := filepath.Join(c.dir, filepath.FromSlash(name), filepath.FromSlash(strings.TrimPrefix(importPath, at)))
		rel, err := c.workspace.Rel(dir)
		return rel, err == nil
	}
	return "", false
}

// leadsBack says whether a module needs one of the workspace. Since Go 1.17 a go.mod lists all that its packages need,
// before that the next ones have to be asked.
func (c *ModuleCache) leadsBack(m module.Version) bool {
	if known, ok := c.back[m]; ok {
		return known
	}
	c.back[m] = false // should it lead to itself
	mod, ok := c.goMod(m)
	if !ok {
		return false
	}
	complete := semver.Compare("v"+mod.goVersion, "v1.17") >= 0
	for require := range slices.Chunk(mod.requires, 2) {
		next := module.Version{Path: require[0], Version: require[1]}
		if selected, ok := c.workspace.versions[next.Path]; ok {
			next = selected
		}
		if c.workspace.byPath[require[0]] != nil || !complete && c.leadsBack(next) {
			c.back[m] = true
			return true
		}
	}
	return false
}

func (c *ModuleCache) goMod(m module.Version) (goMod, bool) {
	name, err := downloaded(m)
	if err != nil {
		return goMod{}, false
	}
	name = filepath.Join(c.dir, filepath.FromSlash(name))
	if _, text, err := c.workspace.index.Note(filepath.ToSlash(name), GoModLines); err == nil {
		return readGoModLines(text)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return goMod{}, false
	}
	mod, err := parseGoMod(name, data)
	return mod, err == nil
}

// downloaded names the go.mod file of a module, relative to the module cache.
func downloaded(m module.Version) (string, error) {
	modulePath, err := module.EscapePath(m.Path)
	if err != nil {
		return "", err
	}
	version, err := module.EscapeVersion(m.Version)
	return path.Join("cache/download", modulePath, "@v", version+".mod"), err
}

// escaped names the folder of a module, relative to the module cache.
func escaped(m module.Version) (string, error) {
	modulePath, err := module.EscapePath(m.Path)
	if err != nil {
		return "", err
	}
	version, err := module.EscapeVersion(m.Version)
	return modulePath + "@" + version, err
}

// Needs is what the packages of a module may import.
type Needs struct {
	// Modules are the paths of modules, without those of the workspace.
	Modules []string
	// Imports are import paths of packages. They are told where go.mod does not say the modules.
	Imports []string
}

// Needs returns what the packages of a module may import, tests apart, and whether that can be known: the module has to be
// in the cache with the go.mod that has this sum. Since Go 1.16 a go.mod names whatever is imported; the packages of older
// modules are read.
func (c *ModuleCache) Needs(m module.Version, sum string) (Needs, bool) {
	name, err := downloaded(m)
	if err != nil || c.dir == "" {
		return Needs{}, false
	}
	data, err := os.ReadFile(filepath.Join(c.dir, filepath.FromSlash(name)))
	if err != nil {
		return Needs{}, false
	}
	is, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
	if err != nil || is != sum {
		return Needs{}, false
	}
	mod, err := parseGoMod(name, data)
	if err != nil {
		return Needs{}, false
	}
	if semver.Compare("v"+mod.goVersion, "v1.16") < 0 {
		return c.imports(m)
	}
	var needs Needs
	for require := range slices.Chunk(mod.requires, 2) {
		if c.workspace.byPath[require[0]] == nil {
			needs.Modules = append(needs.Modules, require[0])
		}
	}
	return needs, true
}

// imports reads what the packages of a module import, whatever they are built for.
func (c *ModuleCache) imports(m module.Version) (Needs, bool) {
	name, err := escaped(m)
	if err != nil {
		return Needs{}, false
	}
	var needs Needs
	files := token.NewFileSet()
	err = filepath.WalkDir(filepath.Join(c.dir, filepath.FromSlash(name)), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, name, nil, parser.ImportsOnly)
		if err != nil {
			return nil //nolint:nilerr // no build reads a file without package clause
		}
		for _, s := range file.Imports {
			if imported, err := strconv.Unquote(s.Path.Value); err == nil && c.workspace.ModuleOf(imported) == nil {
				needs.Imports = append(needs.Imports, imported)
			}
		}
		return nil
	})
	return needs, err == nil
}

// AtLeast returns the highest version of a module from elsewhere that the workspace requires, empty where it requires none.
func (w *Workspace) AtLeast(path string) string {
	if v := w.versions[path]; v.Path == path {
		return v.Version
	}
	return ""
}

// Instead returns the paths of the modules from elsewhere that replace directives put in the place of a module.
func (w *Workspace) Instead(path string) []string { return slices.Clone(w.instead[path]) }

// WithInstead returns the paths of the modules that others are put in the place of.
func (w *Workspace) WithInstead() []string { return slices.Collect(maps.Keys(w.instead)) }

// requireVersions notes which versions of other modules a go.mod asks for. The highest wins, as the go command has it.
func (w *Workspace) requireVersions(requires []string) {
	for require := range slices.Chunk(requires, 2) {
		if known, ok := w.versions[require[0]]; !ok || semver.Compare(require[1], known.Version) > 0 {
			w.versions[require[0]] = module.Version{Path: require[0], Version: require[1]}
		}
	}
}

// replaceVersions puts other modules from the module cache in the place of some: old path and version, new path and
// version in turn, those that win last.
func (w *Workspace) replaceVersions(replaces []string) {
	for r := range slices.Chunk(replaces, 4) {
		known, ok := w.versions[r[0]]
		if !modfile.IsDirectoryPath(r[2]) {
			w.instead[r[0]] = append(w.instead[r[0]], r[2])
		}
		if ok && !modfile.IsDirectoryPath(r[2]) && (r[1] == "" || r[1] == known.Version) {
			w.versions[r[0]] = module.Version{Path: r[2], Version: r[3]}
		}
	}
}
