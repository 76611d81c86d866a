package workspacetest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

// An Author makes up a workspace and edits it. The same seed makes up the same.
type Author struct {
	// Tree is the workspace as it is now.
	Tree Tree

	random   *rand.Rand
	modules  []*goModule
	packages []*goPackage
	undo     []Edit
	repairs  []Edit // what takes back edits after which little builds
	serial   int
	favoured []string
	vendored bool
}

// A goModule is a member of the workspace, or a module that a replace directive puts in a folder.
type goModule struct {
	dir, path string
	program   bool
	replaced  bool
}

// A goPackage is a package's folder. Packages import those of lower rank, so that there are no cycles.
type goPackage struct {
	module *goModule
	dir    string
	path   string
	name   string
	rank   float64
}

// New makes up a workspace.
func New(seed uint64) (*Author, error) {
	a := &Author{
		Tree:   Tree{Files: map[string]File{}, Env: map[string]string{}},
		random: rand.New(rand.NewPCG(seed, 0)), //nolint:gosec // must come out the same each time
	}
	a.modules = []*goModule{
		{dir: "apps/server", path: "acme.example/server", program: true},
		{dir: "lib", path: "acme.example/lib"},
		{dir: "lib/nested", path: "acme.example/lib/nested"},
		{dir: "third/replaced", path: "replaced.example/x", replaced: true},
	}
	// Modules that are there or not: one whose path ends as another's does, one below an app, the root itself.
	for _, m := range []*goModule{
		{dir: "apps/second", path: "other.example/server", program: true},
		{dir: "second/lib", path: "other.example/lib"},
		{dir: "apps/server/plugin", path: "plugin.example/v2"},
		{dir: ".", path: "acme.example"},
	} {
		if a.chance(0.6) {
			a.modules = append(a.modules, m)
		}
	}
	for _, m := range a.modules {
		a.addPackage(m, m.dir)
		for range 1 + a.random.IntN(2) {
			a.addPackage(m, path.Join(m.dir, a.one("alpha", "beta", "internal/gamma", "delta/epsilon", "zeta")))
		}
	}
	byRank := func(p, q *goPackage) int { return cmp.Compare(p.rank, q.rank) }
	for _, p := range slices.SortedFunc(slices.Values(a.packages), byRank) {
		a.fill(p)
	}
	if err := a.writeModules(); err != nil {
		return nil, err
	}
	a.write("third/other/go.mod", File{Text: releases[2].goMod()})
	a.write("third/other/a.go", File{Text: "package other\n"})
	a.write("shared/common.txt", File{Text: a.words()})
	a.write(".gitignore", File{Text: "/.magpie/\nout/\n*.log\n"})
	return a, nil
}

// Programs are the folders of the modules that have a main package.
func (a *Author) Programs() []string {
	var dirs []string
	for _, m := range a.modules {
		if m.program {
			dirs = append(dirs, m.dir)
		}
	}
	return dirs
}

// Vendor takes in what `go work vendor` wrote. From then on edits leave alone what the go command compares it with.
func (a *Author) Vendor(files map[string]string) {
	a.vendored = true
	for name, text := range files {
		a.write(name, File{Text: text})
	}
}

// Edit makes up an edit and does it to Tree.
func (a *Author) Edit() Edit {
	if len(a.repairs) > 0 && a.chance(0.3) {
		e := a.repairs[0]
		a.repairs = a.repairs[1:]
		a.Tree.Apply(e)
		return e
	}
	for {
		e := a.edit()
		if len(e.Ops) == 0 {
			continue
		}
		back := a.Tree.Apply(e)
		a.undo = append(a.undo, back)
		if e.breaks {
			a.repairs = append(a.repairs, back)
		}
		return e
	}
}

func (a *Author) addPackage(m *goModule, dir string) *goPackage {
	for _, p := range a.packages {
		if p.dir == dir {
			return p
		}
	}
	rel := strings.TrimPrefix(strings.TrimPrefix(dir, m.dir), "/")
	if m.dir == "." {
		rel = strings.TrimPrefix(dir, ".")
	}
	p := &goPackage{module: m, dir: dir, path: path.Join(m.path, rel), rank: a.random.Float64()}
	p.name = strings.ReplaceAll(path.Base(p.path), ".", "_")
	if m.program && dir == m.dir {
		p.name, p.rank = "main", 2
	}
	a.packages = append(a.packages, p)
	return p
}

// fill gives a new package its first files.
func (a *Author) fill(p *goPackage) {
	s := &source{pkg: p.name, main: p.name == "main", value: a.value(), imports: a.imports(p, false)}
	name := path.Join(p.dir, "first.go")
	a.write(name, *s.file(name))
	a.write(path.Join(p.dir, "static/page.html"), File{Text: a.words()})
	for range a.random.IntN(4) {
		name, s := a.goFile(p)
		a.write(name, *s.file(name))
	}
	for range a.random.IntN(3) {
		name := path.Join(p.dir, a.dataName())
		a.write(name, *a.data(name))
	}
}

func (a *Author) writeModules() error {
	var work, sums strings.Builder
	work.WriteString("go 1.25.0\n\nuse (\n")
	for _, r := range releases {
		lines, err := r.sums()
		if err != nil {
			return err
		}
		sums.WriteString(lines)
	}
	for _, m := range a.modules {
		mod := "module " + m.path + "\n\ngo 1.25.0\n\nrequire elsewhere.example/dep v1.0.0\nrequire elsewhere.example/deep v1.0.0 // indirect\n"
		if m.program {
			mod += "require elsewhere.example/back v1.0.0\n"
		}
		if !m.replaced {
			work.WriteString("\t./" + m.dir + "\n")
			mod += "\nrequire replaced.example/x v0.0.0\n"
		}
		a.write(path.Join(m.dir, "go.mod"), File{Text: mod})
		a.write(path.Join(m.dir, "go.sum"), File{Text: sums.String()})
		a.write(path.Join(m.dir, "conf/settings.txt"), File{Text: a.words()})
	}
	work.WriteString(")\n\nreplace replaced.example/x => ./third/replaced\n")
	a.write("go.work", File{Text: work.String()})
	a.write("go.work.sum", File{Text: sums.String()})
	return nil
}

func (a *Author) write(name string, file File) { a.Tree.Files[path.Clean(name)] = file }

// goFile makes up a Go file for a package.
func (a *Author) goFile(p *goPackage) (name string, s *source) {
	a.serial++
	suffix := a.one("", "", "", "", "_linux", "_windows", "_darwin_arm64", "_amd64", "_js_wasm", "_test", "_test", "_linux_test")
	s = &source{pkg: p.name, value: a.value()}
	name = path.Join(p.dir, fmt.Sprintf("f%d%s.go", a.serial, suffix))
	switch {
	case a.chance(0.08):
		s.cgo = true
		name = path.Join(p.dir, fmt.Sprintf("c%d.go", a.serial))
	case strings.HasSuffix(suffix, "_test") && a.chance(0.4):
		s.pkg += "_test"
	}
	a.rewrite(p, s)
	return name, s
}

// rewrite makes up what a file imports, embeds and where it is built.
func (a *Author) rewrite(p *goPackage, s *source) {
	s.constraint, s.embeds = "", nil
	if a.chance(0.3) {
		s.constraint = a.one("linux", "!windows", "unix", "special", "!special", "cgo", "!cgo", "go1.26", "race", "amd64.v3", "ignore",
			"linux && special", "darwin || js", "(windows && arm64) || special", "goexperiment.arenas")
	}
	s.imports = a.imports(p, strings.HasSuffix(s.pkg, "_test"))
	if a.chance(0.3) {
		s.embeds = append(s.embeds, a.one("static", "static/*.html", "all:static", "static/*", "first.go"))
	}
	if a.chance(0.05) && len(a.undo) > 0 { // there may be no such file: then nothing builds until there is
		s.embeds = append(s.embeds, a.one("*.txt", "data.log", "static/deep"))
	}
}

// imports draws what a file of a package may import. An external test may import whatever does not lead back to it.
func (a *Author) imports(p *goPackage, external bool) []string {
	var paths []string
	for _, q := range a.packages {
		if q.name == "main" || q == p && !external || q.rank >= p.rank && q != p || a.chance(0.65) || !mayImport(p, q) {
			continue
		}
		if _, there := a.Tree.Files[path.Join(q.dir, "first.go")]; !there {
			continue
		}
		paths = append(paths, q.path)
	}
	if a.chance(0.25) {
		paths = append(paths, releases[0].path)
	}
	if p.name == "main" && a.chance(0.4) { // above everything, so that it leads to no cycle
		paths = append(paths, releases[3].path)
	}
	if a.chance(0.03) && len(a.undo) > 0 {
		paths = append(paths, releases[2].path)
	}
	if a.chance(0.03) && len(a.undo) > 0 {
		paths = append(paths, p.module.path+"/generated/later")
	}
	return paths
}

func mayImport(p, q *goPackage) bool {
	before, _, inside := strings.Cut(q.path, "/internal/")
	return !inside || p.path == before || strings.HasPrefix(p.path, before+"/")
}

func (a *Author) chance(p float64) bool { return a.random.Float64() < p }

func (a *Author) one(of ...string) string { return of[a.random.IntN(len(of))] }

func (a *Author) value() int { return a.random.IntN(1_000_000) }

func (a *Author) words() string { return fmt.Sprintf("text %06d\n", a.value()) }

// data makes up the text of a file that is not Go.
func (a *Author) data(name string) *File {
	if ext := path.Ext(name); ext == ".s" || ext == ".h" {
		return &File{Text: "// " + a.words()}
	}
	return &File{Text: a.words()}
}

func (a *Author) dataName() string {
	a.serial++
	return fmt.Sprintf(a.one("static/p%d.html", "static/.h%d", "static/deep/p%d", "static/_u%d", "t%d.txt", "testdata/in%d.txt", "testdata/deep/x%d.go",
		"README%d.md", "conf/c%d", "h%d.h", "asm%d_amd64.s", "asm%d_arm64.s", "_u%d.go", ".h%d.go"), a.serial)
}

// names returns the tree's files that fit, sorted.
func (a *Author) names(fit func(name string, f File) bool) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(a.Tree.Files)) {
		if fit(name, a.Tree.Files[name]) {
			names = append(names, name)
		}
	}
	return names
}

// pick returns one of the tree's files that fit, or nothing.
func (a *Author) pick(fit func(name string, f File) bool) string {
	names := a.names(fit)
	if len(names) == 0 {
		return ""
	}
	return a.one(names...)
}

// packageOf returns the package whose folder a file is in.
func (a *Author) packageOf(name string) *goPackage {
	for _, p := range a.packages {
		if p.dir == path.Dir(name) {
			return p
		}
	}
	return nil
}
