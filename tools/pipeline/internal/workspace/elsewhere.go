package workspace

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
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
	modulePath, err := module.EscapePath(m.Path)
	if err != nil {
		return goMod{}, false
	}
	version, err := module.EscapeVersion(m.Version)
	if err != nil {
		return goMod{}, false
	}
	name := filepath.Join(c.dir, "cache", "download", filepath.FromSlash(modulePath), "@v", version+".mod")
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

func escaped(m module.Version) (string, error) {
	modulePath, err := module.EscapePath(m.Path)
	if err != nil {
		return "", err
	}
	version, err := module.EscapeVersion(m.Version)
	return modulePath + "@" + version, err
}

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
		if ok && !modfile.IsDirectoryPath(r[2]) && (r[1] == "" || r[1] == known.Version) {
			w.versions[r[0]] = module.Version{Path: r[2], Version: r[3]}
		}
	}
}
