// Package synthetic writes Go workspaces of any size to measure a pipeline with. The same shape and seed
// give the same bytes.
package synthetic

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"magpie.build/tools/bench/internal/release"
)

// Shape says how large a workspace is. All fields are required.
type Shape struct {
	Modules int
	// Files is how many Go files a module has, in packages of ten.
	Files int
	// Depth is how many modules the longest chain of dependencies has.
	Depth int
	// Deps is how many others a module requires, where there are so many below it.
	Deps int
	// Seed chooses which.
	Seed uint64
}

// String returns the size as "100 × 50".
func (s Shape) String() string { return fmt.Sprintf("%d × %d", s.Modules, s.Files) }

// prefix begins the path of each module.
const prefix = "synthetic.example/"

// A mod is one module. Programs are on top: nothing requires them.
type mod struct {
	name    string // its folder, and what its path ends in
	layer   int    // 0 is the top
	deps    []*mod
	program bool
}

// A Module is one module of a workspace: its folder, which is also the end of its path, and those that it requires.
type Module struct {
	Name    string
	Deps    []string
	Program bool
}

// Plan returns the modules in the order in which they can be built from last to first.
func (s Shape) Plan() []Module {
	var all []Module
	for _, m := range s.plan() {
		planned := Module{Name: m.name, Program: m.program}
		for _, d := range m.deps {
			planned.Deps = append(planned.Deps, d.name)
		}
		all = append(all, planned)
	}
	return all
}

// Trivial is the command of the task of that name, the same for every runner: it takes no time of its own.
var Trivial = []string{"sh", "-c", "mkdir -p out && cat f00.go > out/copy.txt"}

// Write makes the workspace in dir, with a magefile that has two tasks for each module: build, and [Trivial]. Its module
// tools requires the pipeline.
func Write(dir string, pipeline *release.Module, s Shape) error {
	goMod, goSum, err := pipeline.Require(prefix + "tools")
	if err != nil {
		return err
	}
	return s.write(dir, map[string]string{"magefile.go": magefile, "tools/go.mod": string(goMod), "tools/go.sum": string(goSum)}, "./tools")
}

// WriteModules makes the same modules in dir, with further files by their names, and nothing of ours.
func WriteModules(dir string, s Shape, more map[string]string) error { return s.write(dir, more) }

func (s Shape) write(dir string, more map[string]string, members ...string) error {
	if s.Modules < s.Depth || s.Depth < 1 || s.Files < 1 {
		return fmt.Errorf("a workspace of %s with %d layers cannot be", s, s.Depth)
	}
	mods := s.plan()
	files := map[string]string{
		"go.work":    goWork(mods, members),
		".gitignore": ".magpie/\n.turbo/\n.task/\nnode_modules/\ndist/\nout/\n/apps/*/m[0-9]*\n",
	}
	maps.Copy(files, more)
	for _, m := range mods {
		for name, text := range m.files(s) {
			files[m.name+"/"+name] = text
		}
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// plan spreads the modules over the layers and draws what each requires: one of the next layer, so that the
// chain is as long as asked, and the others from anywhere below.
func (s Shape) plan() []*mod {
	random := rand.New(rand.NewPCG(s.Seed, 0)) //nolint:gosec // must come out the same each time
	mods := make([]*mod, s.Modules)
	for i := range mods {
		m := &mod{name: fmt.Sprintf("packages/m%04d", i), layer: i * s.Depth / s.Modules}
		if m.layer == 0 {
			m.name, m.program = fmt.Sprintf("apps/m%04d", i), true
		}
		mods[i] = m
	}
	for _, m := range mods {
		next := slices.DeleteFunc(slices.Clone(mods), func(d *mod) bool { return d.layer != m.layer+1 })
		below := slices.DeleteFunc(slices.Clone(mods), func(d *mod) bool { return d.layer <= m.layer })
		if len(next) > 0 {
			m.deps = append(m.deps, next[random.IntN(len(next))])
		}
		for _, i := range random.Perm(len(below)) {
			if len(m.deps) < s.Deps && !slices.Contains(m.deps, below[i]) {
				m.deps = append(m.deps, below[i])
			}
		}
	}
	return mods
}

func goWork(mods []*mod, more []string) string {
	var b strings.Builder
	b.WriteString("go 1.26.0\n\nuse (\n")
	for _, m := range mods {
		fmt.Fprintf(&b, "\t./%s\n", m.name)
	}
	for _, member := range more {
		fmt.Fprintf(&b, "\t%s\n", member)
	}
	b.WriteString(")\n")
	return b.String()
}

// packageFiles is how many files a package has.
const packageFiles = 10

// files returns the module's files: the package at its root, which imports the others and those of the
// modules below, and as many more packages as it takes.
func (m *mod) files(s Shape) map[string]string {
	files := map[string]string{"go.mod": m.goMod()}
	base := filepath.Base(m.name)
	var own []string
	for i := 0; i < s.Files; i += packageFiles {
		name, dir := base, ""
		if i > 0 {
			name = fmt.Sprintf("p%d", i/packageFiles)
			dir = name + "/"
			own = append(own, prefix+m.name+"/"+name)
		} else if m.program {
			name = "main"
		}
		for j := i; j < min(i+packageFiles, s.Files); j++ {
			if j > 0 {
				files[fmt.Sprintf("%sf%02d.go", dir, j)] = leaf(name, j)
			}
		}
	}
	files["f00.go"] = m.root(base, own)
	return files
}

func (m *mod) goMod() string {
	var b strings.Builder
	fmt.Fprintf(&b, "module %s%s\n\ngo 1.26.0\n", prefix, m.name)
	for _, d := range m.deps {
		fmt.Fprintf(&b, "\nrequire %[1]s%[2]s v0.0.0\n\nreplace %[1]s%[2]s => ../../%[2]s\n", prefix, d.name)
	}
	return b.String()
}

// root returns the file that imports, and in a program is the main function.
func (m *mod) root(base string, own []string) string {
	var b strings.Builder
	imports := own
	for _, d := range m.deps {
		imports = append(imports, prefix+d.name)
	}
	name := base
	if m.program {
		name = "main"
	}
	fmt.Fprintf(&b, "// Package %s adds up what is below.\npackage %s\n\nimport (\n", name, name)
	for i, path := range imports {
		fmt.Fprintf(&b, "\ti%d %q\n", i, path)
	}
	b.WriteString(")\n\n// Sum is the sum of all below.\nfunc Sum() int {\n\tsum := 1\n")
	for i := range imports {
		fmt.Fprintf(&b, "\tsum += i%d.Sum()\n", i)
	}
	b.WriteString("\treturn sum\n}\n")
	if m.program {
		b.WriteString("\nfunc main() { println(Sum()) }\n")
	}
	return b.String()
}

// leaf returns a file of some twenty lines. The first of each package beside the root's has its Sum.
func leaf(pkg string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\n", pkg)
	if n > 0 && n%packageFiles == 0 {
		fmt.Fprintf(&b, "// Sum is the sum of this package.\nfunc Sum() int { return New%d(%d).Add(1) }\n\n", n, n)
	}
	fmt.Fprintf(&b, `// Counter%[1]d counts.
type Counter%[1]d struct{ n int }

// New%[1]d returns a counter that begins at n.
func New%[1]d(n int) *Counter%[1]d { return &Counter%[1]d{n: n} }

// Add adds k and returns the sum.
func (c *Counter%[1]d) Add(k int) int {
	for i := range k {
		if i%%2 == 0 {
			c.n += i
		}
	}
	c.n++
	return c.n
}
`, n)
	return b.String()
}

// magefile is what a workspace needs to have a pipeline.
const magefile = `//go:build mage

package main

import (
	"context"
	"os"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/cli"
)

var magpie = cli.Take(&os.Args,
	pipeline.Task{
		Name: "build", DependsOn: []string{"^build"}, Modules: []string{"packages/*"},
		GoBuild: []string{"./..."}, Commands: [][]string{{"go", "build", "./..."}},
	},
	pipeline.Task{
		Name: "build", DependsOn: []string{"^build"}, Modules: []string{"apps/*"},
		GoBuild: []string{"./..."}, Commands: [][]string{{"go", "build", "-o", "dist/", "."}}, Outputs: []string{"dist/**"},
	},
	pipeline.Task{
		Name: "trivial", DependsOn: []string{"^trivial"}, Modules: []string{"packages/*", "apps/*"},
		Commands: [][]string{{"sh", "-c", "mkdir -p out && cat f00.go > out/copy.txt"}}, Outputs: []string{"out/**"},
	},
)

// Build compiles every module.
func Build(ctx context.Context) error { return magpie.Run(ctx, "build") }

// Trivial copies a file in every module.
func Trivial(ctx context.Context) error { return magpie.Run(ctx, "trivial") }

// Magpie runs all other commands.
func Magpie(ctx context.Context) error { return magpie.Run(ctx) }
`
