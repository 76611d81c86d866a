// Package load reads the Go source of a workspace once and says what it declares: modules,
// packages, symbols with their documentation, examples, and who implements what.
//
// Begin with [Load]. Everything it returns is read-only afterwards and safe for concurrent use.
// The package knows nothing of pages or addresses; [Workspace.Find] names the package and the
// symbol that an object belongs to, and the renderer makes a link of that.
package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Workspace is what the Go source under one go.work says.
type Workspace struct {
	// Root is the folder of go.work.
	Root string
	// Modules are the workspace's modules, ordered by folder.
	Modules []*Module
	// Packages are all packages of all modules, ordered by folder. Folders that hold nothing
	// but tests are left out.
	Packages []*Package

	fset   *token.FileSet
	byPath map[string]*Package
	fields map[token.Pos]string // where a field is declared -> the type that it belongs to
}

// A Module is one module that go.work uses.
type Module struct {
	Path     string // magpie.build/packages/ui
	Dir      string // packages/ui, with slashes, relative to the root
	Packages []*Package
}

// ErrNoWorkspace says that no go.work stands in a folder or above it.
var ErrNoWorkspace = errors.New("no go.work here or in a folder above")

// FindRoot returns the nearest folder, from dir upward, that holds a go.work. It returns
// [ErrNoWorkspace] when there is none.
func FindRoot(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := start; ; at = filepath.Dir(at) {
		if info, err := os.Stat(filepath.Join(at, "go.work")); err == nil && !info.IsDir() {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("find the workspace of %s: %w", start, ErrNoWorkspace)
		}
	}
}

const mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
	packages.NeedModule | packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo

// Load reads every package of the workspace whose go.work stands in root, type-checked, in one
// pass over all modules. Packages that do not compile are all named in the error.
func Load(ctx context.Context, root string) (*Workspace, error) {
	// The go command reports real paths, so the root must be one too.
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, err
	}
	w := &Workspace{Root: root, fset: token.NewFileSet(), byPath: map[string]*Package{}}
	loaded, err := packages.Load(&packages.Config{
		Mode:    mode,
		Context: ctx,
		Dir:     root,
		Fset:    w.fset,
		// The caller's GOWORK and GOFLAGS are about the caller's own build.
		Env: append(os.Environ(), "GOWORK="+filepath.Join(root, "go.work"), "GOFLAGS=-mod=readonly"),
	}, "work")
	if err != nil {
		return nil, fmt.Errorf("load the packages of %s: %w", root, err)
	}
	if err := problems(loaded); err != nil {
		return nil, fmt.Errorf("load the packages of %s: %w", root, err)
	}
	for _, p := range loaded {
		if err := w.add(p); err != nil {
			return nil, err
		}
	}
	w.order()
	w.indexFields()
	w.relate()
	return w, nil
}

func problems(loaded []*packages.Package) error {
	var all []error
	for _, p := range loaded {
		for _, e := range p.Errors {
			if len(p.CompiledGoFiles) == 0 && strings.Contains(e.Msg, "no non-test Go files") {
				continue // a folder of tests alone
			}
			all = append(all, fmt.Errorf("%s: %w", p.PkgPath, e))
		}
	}
	return errors.Join(all...)
}

func (w *Workspace) add(p *packages.Package) error {
	if len(p.GoFiles) == 0 || p.Module == nil || p.Types == nil {
		return nil
	}
	m, err := w.module(p.Module)
	if err != nil {
		return err
	}
	pkg, err := newPackage(w, m, p)
	if err != nil {
		return fmt.Errorf("read %s: %w", p.PkgPath, err)
	}
	m.Packages = append(m.Packages, pkg)
	w.Packages = append(w.Packages, pkg)
	w.byPath[pkg.Path] = pkg
	return nil
}

func (w *Workspace) module(m *packages.Module) (*Module, error) {
	at := slices.IndexFunc(w.Modules, func(known *Module) bool { return known.Path == m.Path })
	if at >= 0 {
		return w.Modules[at], nil
	}
	dir, err := w.rel(m.Dir)
	if err != nil {
		return nil, err
	}
	w.Modules = append(w.Modules, &Module{Path: m.Path, Dir: dir})
	return w.Modules[len(w.Modules)-1], nil
}

func (w *Workspace) order() {
	byDir := func(a, b *Package) int { return cmp.Compare(a.Dir, b.Dir) }
	slices.SortFunc(w.Packages, byDir)
	slices.SortFunc(w.Modules, func(a, b *Module) int { return cmp.Compare(a.Dir, b.Dir) })
	for _, m := range w.Modules {
		slices.SortFunc(m.Packages, byDir)
	}
}

// Package returns the workspace's package of an import path, or nil.
func (w *Workspace) Package(importPath string) *Package { return w.byPath[importPath] }

// FileSet says where every declaration of the workspace stands.
func (w *Workspace) FileSet() *token.FileSet { return w.fset }

// At returns the package in a folder, given with slashes and relative to the root, or nil.
func (w *Workspace) At(dir string) *Package {
	at, ok := slices.BinarySearchFunc(w.Packages, path.Clean(dir), func(p *Package, dir string) int {
		return cmp.Compare(p.Dir, dir)
	})
	if !ok {
		return nil
	}
	return w.Packages[at]
}

// rel turns an absolute file name into one with slashes, relative to the root.
func (w *Workspace) rel(name string) (string, error) {
	rel, err := filepath.Rel(w.Root, name)
	return filepath.ToSlash(rel), err
}
