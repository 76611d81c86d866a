// Package workspace reads a go.work and the go.mod files it names, without the go command.
//
// [Load] is the way in. A [Workspace] does not change afterwards, so it may be used from many
// goroutines. Which packages a module holds is the affair of gosource.
package workspace

import (
	"go/version"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"

	"magpie.build/tools/pipeline/internal/hash"
)

// Workspace is what go.work and its members said when they were read.
type Workspace struct {
	// Root is the absolute path of the folder that holds go.work.
	Root string
	// GoVersion is go.work's go line, such as "1.26.0"; empty when there is none.
	GoVersion string
	// Modules are the members, sorted by name.
	Modules []*Module
	// Replaced are modules outside go.work that a replace directive puts in a folder of this
	// machine, sorted by name. They have no tasks, yet their files are built.
	Replaced []*Module

	alone    string // the only member's name, of what Alone returns
	index    *hash.Index
	byName   map[string]*Module
	byPath   map[string]*Module
	versions map[string]module.Version // of other modules, by path
	instead  map[string][]string       // paths of other modules, by that of the one that they replace
}

// Module is one module whose source lies in a folder.
type Module struct {
	// Name is the folder relative to the root, with slashes: "apps/server", "." for the root itself.
	Name string
	// Path is the module path, the prefix of its packages' import paths.
	Path string
	// Dir is the absolute folder.
	Dir string
	// GoVersion is go.mod's go line, such as "1.26.0"; empty when there is none.
	GoVersion string
	// Requires are the names of the workspace's own modules that go.mod requires, sorted. Modules
	// may also import one another without saying so here.
	Requires []string
	// Ignore are the folders that go.mod's ignore directives keep out of "./...", as written.
	Ignore []string

	requires []string // module paths
}

// Vendor is the folder of vendored packages: at the root, or in a module that stands alone.
func (w *Workspace) Vendor() string { return path.Join(w.alone, "vendor") }

// ID tells the workspace from its members that stand alone.
func (w *Workspace) ID() string {
	if w.alone == "" {
		return "together"
	}
	return "alone " + w.alone
}

// IsVendored reports whether the go command builds with what lies in the folder [Workspace.Vendor], where no flag says
// otherwise: it does since Go 1.22, for a module alone since 1.14.
func (w *Workspace) IsVendored() bool {
	since := "go1.22"
	if w.alone != "" {
		since = "go1.14"
	}
	_, err := os.Stat(w.Abs(path.Join(w.Vendor(), "modules.txt")))
	return err == nil && version.Compare("go"+w.GoVersion, since) >= 0
}

// Module returns the member called name, or nil.
func (w *Workspace) Module(name string) *Module { return w.byName[name] }

// ModuleOf returns the member or replaced module that an import path belongs to: the one with
// the longest path that is the import path or a parent of it. Nil means another module's package,
// or the standard library's.
func (w *Workspace) ModuleOf(importPath string) *Module {
	for {
		if m := w.byPath[importPath]; m != nil {
			return m
		}
		cut := strings.LastIndexByte(importPath, '/')
		if cut < 0 {
			return nil
		}
		importPath = importPath[:cut]
	}
}

// Containing returns the member whose folder holds the file or folder name, which is relative to
// the root and has slashes. The innermost wins; nil means that none does.
func (w *Workspace) Containing(name string) *Module {
	for {
		if m := w.byName[name]; m != nil {
			return m
		}
		cut := strings.LastIndexByte(name, '/')
		if cut < 0 {
			return w.byName["."]
		}
		name = name[:cut]
	}
}

// Rel returns an absolute path relative to the root, with slashes.
func (w *Workspace) Rel(path string) (string, error) {
	rel, err := filepath.Rel(w.Root, path)
	return filepath.ToSlash(rel), err
}

// Abs is the reverse of Rel.
func (w *Workspace) Abs(name string) string {
	return filepath.Join(w.Root, filepath.FromSlash(name))
}
