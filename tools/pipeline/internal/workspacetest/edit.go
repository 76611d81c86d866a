package workspacetest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// The kinds of edits that [Author.Favour] takes.
const (
	Values    = "values"
	Imports   = "imports"
	Embeds    = "embeds"
	Tags      = "tags"
	Sums      = "sums"
	Variables = "variables"
	Links     = "links"
)

// Favour makes kinds of edits ten times as frequent.
func (a *Author) Favour(kinds ...string) { a.favoured = append(a.favoured, kinds...) }

// edit makes up an edit. One without operations is none.
func (a *Author) edit() Edit {
	kinds := []struct {
		name   string
		weight int
		make   func() Edit
	}{
		{Values, 20, a.changeValue},
		{Imports, 14, a.rewriteFile},
		{"", 8, a.addFile},
		{"", 6, a.removeFile},
		{"", 6, a.renameFile},
		{"", 4, a.changeMode},
		{"", 12, a.changeData},
		{Embeds, 2, a.changeEmbedded},
		{Tags, 2, a.changeTagged},
		{"", 6, a.addData},
		{"", 8, a.changeGoMod},
		{"", 3, a.changeGoWork},
		{Sums, 3, a.changeSums},
		{Variables, 7, a.changeVariable},
		{Links, 5, a.makeLink},
		{Links, 2, a.changeShared},
		{"", 8, a.changeVendored},
		{"", 2, a.renameFolder},
		{"", 3, a.newPackage},
		{"", 2, a.changeBoundary},
		{"", 4, a.changeComment},
		{"", 4, a.touch},
		{"", 4, a.damageOutput},
		{"", 22, a.takeBack},
	}
	total := 0
	for i, k := range kinds {
		if slices.Contains(a.favoured, k.name) {
			kinds[i].weight *= 10
		}
		total += kinds[i].weight
	}
	n := a.random.IntN(total)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			return k.make()
		}
	}
	return Edit{}
}

func isGo(_ string, f File) bool { return f.source != nil }

func isData(name string, f File) bool {
	base := path.Base(name)
	return f.source == nil && f.Link == "" && !strings.HasPrefix(name, "vendor/") && !strings.HasPrefix(base, "go.") && base != ".gitignore" && base != "modules.txt"
}

func isPlain(name string, f File) bool { return isGo(name, f) || isData(name, f) }

func (a *Author) changeSource(what string, change func(p *goPackage, s *source)) Edit {
	name := a.pick(isGo)
	p := a.packageOf(name)
	if p == nil {
		return Edit{}
	}
	s := a.Tree.Files[name].source.clone()
	change(p, s)
	return Edit{What: what + " " + name, Ops: []Op{{Name: name, To: s.file(name)}}}
}

func (a *Author) changeValue() Edit {
	return a.changeSource("change the value in", func(_ *goPackage, s *source) { s.value = a.value() })
}

func (a *Author) changeComment() Edit {
	return a.changeSource("change a comment in", func(_ *goPackage, s *source) { s.comment = a.one("one", "two", "three") })
}

func (a *Author) rewriteFile() Edit {
	e := a.changeSource("change imports, constraint and embeds of", a.rewrite)
	e.breaks = true
	return e
}

func (a *Author) addFile() Edit {
	p := a.packages[a.random.IntN(len(a.packages))]
	name, s := a.goFile(p)
	return Edit{What: "add " + name, Ops: []Op{{Name: name, To: s.file(name)}}}
}

func (a *Author) removeFile() Edit {
	name := a.pick(isPlain)
	if path.Base(name) == "first.go" && a.chance(0.8) {
		return Edit{}
	}
	return Edit{What: "remove " + name, Ops: []Op{{Name: name}}, breaks: true}
}

func (a *Author) renameFile() Edit {
	from := a.pick(isPlain)
	if path.Base(from) == "first.go" {
		return Edit{}
	}
	a.serial++
	base := path.Base(from)
	ext := path.Ext(base)
	to := path.Join(path.Dir(from), fmt.Sprintf("r%d%s%s", a.serial, a.one("", "_linux", "_windows", "_test", "_arm64"), ext))
	if a.chance(0.3) {
		to = path.Join(a.packages[a.random.IntN(len(a.packages))].dir, base)
	}
	if _, taken := a.Tree.Files[to]; taken {
		return Edit{}
	}
	file := a.Tree.Files[from]
	return Edit{What: "rename " + from + " to " + to, Ops: []Op{{Name: from}, {Name: to, To: &file}}, breaks: true}
}

func (a *Author) changeMode() Edit {
	name := a.pick(isPlain)
	file := a.Tree.Files[name]
	file.Executable = !file.Executable
	return Edit{What: "chmod " + name, Ops: []Op{{Name: name, To: &file}}}
}

func (a *Author) changeData() Edit {
	name := a.pick(isData)
	file := a.data(name)
	file.Executable = a.Tree.Files[name].Executable
	return Edit{What: "change " + name, Ops: []Op{{Name: name, To: file}}}
}

// changeEmbedded changes a file that is embedded, and embeds one where there is none.
func (a *Author) changeEmbedded() Edit {
	const embeds = "embeds.go"
	embedder := func(name string, f File) bool {
		return path.Base(name) == embeds && f.source != nil && f.source.constraint == "" && slices.Equal(f.source.embeds, []string{"static"})
	}
	if from := a.pick(embedder); from != "" {
		name := path.Join(path.Dir(from), "static/page.html")
		return Edit{What: "change " + name, Ops: []Op{{Name: name, To: a.data(name)}}}
	}
	p := a.packages[a.random.IntN(len(a.packages))]
	name := path.Join(p.dir, embeds)
	s := &source{pkg: p.name, value: a.value(), embeds: []string{"static"}}
	return Edit{What: "add " + name, Ops: []Op{{Name: name, To: s.file(name)}}}
}

// changeTagged changes a file that is built only with a tag, and adds one where there is none.
func (a *Author) changeTagged() Edit {
	tagged := func(_ string, f File) bool { return f.source != nil && f.source.constraint == "special" }
	if name := a.pick(tagged); name != "" {
		s := a.Tree.Files[name].source.clone()
		s.value = a.value()
		return Edit{What: "change the value in " + name, Ops: []Op{{Name: name, To: s.file(name)}}}
	}
	p := a.packages[a.random.IntN(len(a.packages))]
	a.serial++
	name := path.Join(p.dir, fmt.Sprintf("tagged%d.go", a.serial))
	s := &source{constraint: "special", pkg: p.name, value: a.value()}
	return Edit{What: "add " + name, Ops: []Op{{Name: name, To: s.file(name)}}}
}

func (a *Author) addData() Edit {
	p := a.packages[a.random.IntN(len(a.packages))]
	name := path.Join(p.dir, a.dataName())
	if a.chance(0.2) {
		name = path.Join(p.dir, a.one("data.log", "x.h"))
	}
	return Edit{What: "add " + name, Ops: []Op{{Name: name, To: a.data(name)}}}
}

func (a *Author) changeGoMod() Edit {
	m := a.modules[a.random.IntN(len(a.modules))]
	name := path.Join(m.dir, "go.mod")
	up := "."
	if m.dir != "." {
		up += strings.Repeat("/..", strings.Count(m.dir, "/")+1)
	}
	if a.vendored {
		return a.toggleLine(name, "// a comment")
	}
	line := a.one("// a comment", "require elsewhere.example/dep v1.1.0", "require elsewhere.example/other v1.0.0", "godebug panicnil=1",
		"ignore ./zeta", "ignore delta", "require acme.example/lib v0.0.0\nreplace acme.example/lib => "+up+"/lib", "exclude elsewhere.example/other v1.0.0", "toolchain go1.25.0")
	return a.toggleLine(name, line)
}

func (a *Author) changeGoWork() Edit {
	if a.vendored {
		return a.toggleLine("go.work", "// a comment")
	}
	return a.toggleLine("go.work", a.one("// a comment", "godebug panicnil=1", "replace later.example/y => ./third/absent",
		"replace elsewhere.example/other => ./third/other"))
}

func (a *Author) changeSums() Edit {
	lines := strings.SplitAfter(a.Tree.Files["go.work.sum"].Text, "\n")
	name := path.Join(a.modules[a.random.IntN(len(a.modules))].dir, "go.sum")
	// The go command leaves alone what begins with another word than h1.
	return a.toggleLine(name, a.one(strings.TrimSpace(lines[0]), "absent.example/z v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"elsewhere.example/dep v1.0.0 h2:later", "elsewhere.example/deep v1.0.0 h2:later", "elsewhere.example/deep v1.0.0/go.mod h2:later",
		"elsewhere.example/other v1.0.0 h2:later"))
}

// toggleLine adds a line to a file, or takes it away where it is there.
func (a *Author) toggleLine(name, line string) Edit {
	text := a.Tree.Files[name].Text
	without := strings.ReplaceAll("\n"+text, "\n"+line+"\n", "\n")[1:]
	if without == text {
		return Edit{What: fmt.Sprintf("add %q to %s", line, name), Ops: []Op{{Name: name, To: &File{Text: text + line + "\n"}}}}
	}
	return Edit{What: fmt.Sprintf("take %q from %s", line, name), Ops: []Op{{Name: name, To: &File{Text: without}}}}
}

func (a *Author) changeVariable() Edit {
	name, values := "PROOF_VALUE", []string{"one", "two", ""}
	switch a.random.IntN(6) {
	case 0:
		name, values = "GOFLAGS", []string{"-tags=special", "-tags=other", "-trimpath"}
	case 1:
		name, values = "GOOS", []string{"windows", "linux", "darwin"}
	case 2:
		name, values = "GOAMD64", []string{"v1", "v3"}
	case 3:
		name, values = "UNDECLARED", []string{"one", "two"}
	case 4:
		name, values = "GOEXPERIMENT", []string{"arenas", "noarenas"}
	}
	if _, set := a.Tree.Env[name]; set && a.chance(0.5) {
		return Edit{What: "unset " + name, Ops: []Op{{Name: name, IsVariable: true}}}
	}
	value := a.one(values...)
	return Edit{What: "set " + name, Ops: []Op{{Name: name, IsVariable: true, To: &File{Text: value}}}}
}

// makeLink puts a link in the place of a file, or beside it: to data, to a Go file, to a folder.
func (a *Author) makeLink() Edit {
	a.serial++
	m := a.modules[a.random.IntN(len(a.modules))]
	name, to := path.Join(m.dir, "conf/settings.txt"), "shared/common.txt"
	switch a.random.IntN(4) {
	case 0:
		to = a.pick(isGo)
		name = path.Join(m.dir, fmt.Sprintf("l%d.go", a.serial))
		p := a.packageOf(name)
		if p == nil || p.name != a.Tree.Files[to].source.pkg || path.Dir(to) == m.dir {
			return Edit{}
		}
	case 1:
		name = path.Join(m.dir, fmt.Sprintf("testdata/l%d", a.serial))
	case 2:
		name, to = path.Join(m.dir, fmt.Sprintf("static/l%d", a.serial)), "shared"
	}
	up := strings.Repeat("../", strings.Count(name, "/"))
	return Edit{What: "link " + name, Ops: []Op{{Name: name, To: &File{Link: up + to}}}, breaks: true}
}

// changeShared changes what links lead to.
func (a *Author) changeShared() Edit {
	return Edit{What: "change shared/common.txt", Ops: []Op{{Name: "shared/common.txt", To: &File{Text: a.words()}}}}
}

// changeVendored changes a package that comes from elsewhere, in a workspace that holds a copy.
func (a *Author) changeVendored() Edit {
	if !a.vendored {
		return Edit{}
	}
	name := a.pick(func(name string, _ File) bool { return strings.HasPrefix(name, "vendor/") && path.Ext(name) == ".go" })
	if name == "" {
		return Edit{}
	}
	const mark = "\n// Changed here.\n"
	code, _, _ := strings.Cut(a.Tree.Files[name].Text, mark)
	text := fmt.Sprintf("%s%sfunc init() { println(\"%06d\") }\n", code, mark, a.value())
	return Edit{What: "change " + name, Ops: []Op{{Name: name, To: &File{Text: text}}}}
}

// renameFolder moves a package's files.
func (a *Author) renameFolder() Edit {
	p := a.packages[a.random.IntN(len(a.packages))]
	if p.dir == p.module.dir {
		return Edit{}
	}
	a.serial++
	to := a.addPackage(p.module, path.Join(p.module.dir, fmt.Sprintf("moved%d", a.serial)))
	to.rank = p.rank
	e := Edit{What: "rename folder " + p.dir + " to " + to.dir}
	for _, name := range a.names(isPlain) {
		file, moved := a.Tree.Files[name], name
		inside := strings.HasPrefix(name, p.dir+"/") && a.packageOf(name) != nil == (path.Dir(name) == p.dir)
		if inside {
			moved = to.dir + strings.TrimPrefix(name, p.dir)
		}
		imports := file.source != nil && slices.Contains(file.source.imports, p.path)
		if !inside && !imports {
			continue
		}
		if s := file.source; s != nil {
			s = s.clone()
			for i := range s.imports {
				if s.imports[i] == p.path {
					s.imports[i] = to.path
				}
			}
			if inside {
				s.pkg = strings.Replace(s.pkg, p.name, to.name, 1)
			}
			file = *s.file(moved)
		}
		if inside {
			e.Ops = append(e.Ops, Op{Name: name})
		}
		e.Ops = append(e.Ops, Op{Name: moved, To: &file})
	}
	return e
}

func (a *Author) newPackage() Edit {
	m := a.modules[a.random.IntN(len(a.modules))]
	a.serial++
	dir := path.Join(m.dir, a.one("generated/later", fmt.Sprintf("new%d", a.serial), fmt.Sprintf("testdata/new%d", a.serial), fmt.Sprintf("internal/new%d", a.serial)))
	p := a.addPackage(m, dir)
	s := &source{pkg: p.name, value: a.value(), imports: a.imports(p, false)}
	name := path.Join(dir, "first.go")
	return Edit{What: "new package " + dir, Ops: []Op{{Name: name, To: s.file(name)}}}
}

// changeBoundary makes a folder a module of its own, that is no member, or part of the module around it again.
func (a *Author) changeBoundary() Edit {
	p := a.packages[a.random.IntN(len(a.packages))]
	if p.dir == p.module.dir {
		return Edit{}
	}
	name := path.Join(p.dir, "go.mod")
	if _, there := a.Tree.Files[name]; there {
		return Edit{What: "remove " + name, Ops: []Op{{Name: name}}}
	}
	return Edit{What: "add " + name, Ops: []Op{{Name: name, To: &File{Text: "module nobody.example/z\n\ngo 1.25.0\n"}}}, breaks: true}
}

// touch writes a file again as it is.
func (a *Author) touch() Edit {
	name := a.pick(isPlain)
	file := a.Tree.Files[name]
	return Edit{What: "touch " + name, Ops: []Op{{Name: name, To: &file}}}
}

// damageOutput changes what a task made, or removes it.
func (a *Author) damageOutput() Edit {
	m := a.modules[a.random.IntN(len(a.modules))]
	name := path.Join(m.dir, "out", a.one("build-0", "test-0", "build-1", "test-2"))
	if a.chance(0.5) {
		return Edit{What: "remove the output " + name, Ops: []Op{{Name: name}}}
	}
	return Edit{What: "damage the output " + name, Ops: []Op{{Name: name, To: &File{Text: a.words()}}}}
}

// takeBack undoes an earlier edit, mostly the last one.
func (a *Author) takeBack() Edit {
	if len(a.undo) == 0 {
		return Edit{}
	}
	i := len(a.undo) - 1
	if a.chance(0.4) {
		i = a.random.IntN(len(a.undo))
	}
	return a.undo[i]
}
