// Package golist asks the go command which files it reads to build and to test packages. It is slow and right: tests
// hold what the engine finds out by itself against it.
package golist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A Question is a run of go list.
type Question struct {
	// Root is the workspace's folder, absolute and without links.
	Root string
	// Env is the environment, as [os/exec.Cmd] takes it.
	Env []string
	// Flags are further flags, such as "-tags=x".
	Flags []string
	// Patterns say which packages. None means those of all modules of the workspace.
	Patterns []string
}

// An Answer is what go list said.
type Answer struct {
	root     string
	packages map[string]*pkg // by import path, "p [q.test]" for a variant
}

// pkg is what go list says of a package, as far as it concerns files.
type pkg struct {
	Dir, ImportPath, ForTest string
	Standard, DepOnly        bool
	Module                   *module
	Imports, Deps            []string
	Error                    *struct{ Err string }
	GoFiles, CgoFiles, CFiles, CXXFiles, MFiles, HFiles, FFiles, SFiles,
	SwigFiles, SwigCXXFiles, SysoFiles, EmbedFiles, TestGoFiles, XTestGoFiles,
	TestEmbedFiles, XTestEmbedFiles, InvalidGoFiles []string
}

type module struct {
	Path, Version, Dir string
	Main               bool
	Replace            *module
}

const fields = "-json=Dir,ImportPath,ForTest,Standard,DepOnly,Module,Imports,Deps,Error,GoFiles,CgoFiles,CFiles,CXXFiles,MFiles,HFiles,FFiles," +
	"SFiles,SwigFiles,SwigCXXFiles,SysoFiles,EmbedFiles,TestGoFiles,XTestGoFiles,TestEmbedFiles,XTestEmbedFiles,InvalidGoFiles"

// Ask runs go list once, for builds and tests together. Packages with errors are part of the answer; an error means that
// the go command could not read the workspace at all.
func Ask(ctx context.Context, q Question) (*Answer, error) {
	patterns := q.Patterns
	if len(patterns) == 0 {
		patterns = []string{"work"}
	}
	args := slices.Concat([]string{"list", "-e", "-deps", "-test", fields}, q.Flags, patterns)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = q.Root, q.Env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	a := &Answer{root: q.Root, packages: make(map[string]*pkg)}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return a, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		a.packages[p.ImportPath] = &p
	}
}

// A Set is what packages and all that they import consist of, without the standard library.
type Set struct {
	// Files lie in the workspace, or in folders that a replace directive names: relative to the root, sorted.
	Files []string
	// Modules are those whose source comes from the module cache, as path@version, sorted.
	Modules []string
	// Refused are Go files for which the go command refuses their packages, and what imports these: they cannot be read, or are of
	// another package than those beside them. Named as Files are.
	Refused []string
	// Unsure says that the go command refused files without reading on, so that it may have left some out.
	Unsure bool
}

// Build returns what building the packages that were asked for reads: those of the module in a folder, relative
// to the root, or all of them where module is empty.
func (a *Answer) Build(module string) (Set, error) { return a.set(module, false) }

// Test is the same for testing them.
func (a *Answer) Test(module string) (Set, error) { return a.set(module, true) }

func (a *Answer) set(module string, tests bool) (Set, error) {
	g := gathered{answer: a, seen: make(map[string]bool)}
	for _, p := range a.packages {
		if p.DepOnly || !a.belongs(p, module) {
			continue
		}
		isTest := p.ForTest != "" || strings.HasSuffix(p.ImportPath, ".test")
		if isTest && !tests {
			continue
		}
		g.add(p)
		for _, dep := range p.Deps {
			if d := a.packages[dep]; d != nil {
				g.add(d)
			}
		}
		if tests && !isTest {
			if err := g.addTests(p); err != nil {
				return Set{}, err
			}
		}
	}
	return g.sorted(), nil
}

func (a *Answer) belongs(p *pkg, module string) bool {
	if p.Standard {
		return false
	}
	if module == "" {
		return true
	}
	return p.Module != nil && p.Module.Dir == filepath.Join(a.root, filepath.FromSlash(module))
}

type gathered struct {
	Set

	answer *Answer
	seen   map[string]bool
}

func (g *gathered) add(p *pkg) {
	if g.seen[p.ImportPath] || p.Standard || strings.HasSuffix(p.ImportPath, ".test") {
		return
	}
	g.seen[p.ImportPath] = true
	for _, name := range p.InvalidGoFiles {
		g.Refused = append(g.Refused, g.relative(filepath.Join(p.Dir, name)))
	}
	g.Unsure = g.Unsure || len(p.InvalidGoFiles) > 0 || p.Error != nil && stops(p.Error.Err)
	if !g.isSource(p) {
		if p.Module != nil {
			m := p.Module
			if m.Replace != nil {
				m = m.Replace
			}
			g.Modules = append(g.Modules, m.Path+"@"+m.Version)
		}
		return
	}
	if len(p.GoFiles)+len(p.CgoFiles)+len(p.TestGoFiles)+len(p.XTestGoFiles) == 0 {
		return // it is imported, but there is none for this platform: the build ends there
	}
	g.addFiles(p.Dir, p.GoFiles, p.CgoFiles, p.CFiles, p.CXXFiles, p.MFiles, p.HFiles, p.FFiles, p.SFiles,
		p.SwigFiles, p.SwigCXXFiles, p.SysoFiles, p.EmbedFiles)
}

// stops says whether the go command reads less than there is because of an error: a pattern that embeds nothing keeps it
// from listing what others embed, a module that is replaced must be required too.
func stops(message string) bool {
	return strings.HasPrefix(message, "pattern ") || strings.Contains(message, "replaced but not required")
}

// isSource says whether a package's files can change: those of the module cache cannot.
func (g *gathered) isSource(p *pkg) bool {
	if p.Dir == g.answer.root || strings.HasPrefix(p.Dir, g.answer.root+string(filepath.Separator)) {
		return true
	}
	return p.Module != nil && (p.Module.Main || p.Module.Replace != nil && p.Module.Replace.Version == "")
}

func (g *gathered) addTests(p *pkg) error {
	g.addFiles(p.Dir, p.TestGoFiles, p.XTestGoFiles, p.TestEmbedFiles, p.XTestEmbedFiles)
	return filepath.WalkDir(filepath.Join(p.Dir, "testdata"), func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !entry.IsDir() {
			g.Files = append(g.Files, g.relative(name))
		}
		return err
	})
}

func (g *gathered) addFiles(dir string, groups ...[]string) {
	for _, name := range slices.Concat(groups...) {
		g.Files = append(g.Files, g.relative(filepath.Join(dir, name)))
	}
}

func (g *gathered) relative(name string) string {
	rel, err := filepath.Rel(g.answer.root, name)
	if err != nil {
		return filepath.ToSlash(name) // another volume
	}
	return filepath.ToSlash(rel)
}

func (g *gathered) sorted() Set {
	for _, list := range []*[]string{&g.Files, &g.Modules, &g.Refused} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return g.Set
}
