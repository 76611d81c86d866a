package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// In the tests this binary is the launcher when it is asked to be.
func TestMain(m *testing.M) {
	if os.Getenv("BE_MAGPIE") != "" {
		_ = os.Unsetenv("BE_MAGPIE")
		main()
	}
	// A program under the race detector rests for a second before it ends; those that tests start need not.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	os.Exit(m.Run())
}

// A place is a workspace that the launcher is started in.
type place struct {
	t   *testing.T
	dir string
	env []string // beside the test's own
}

// newPlace makes a workspace whose magefile says a word that one package of it holds, and where it was compiled to.
func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir()}
	p.env = []string{"GOENV=" + filepath.Join(p.dir, "goenv"), "GOFLAGS=-ldflags=-w", "GOWORK=", "CGO_ENABLED=0"}
	p.write("go.work", "go 1.26.0\n\nuse ./app\n")
	p.write("magefile.go", `//go:build mage

package main

import (
	"fmt"
	"os"

	"example.com/app/word"
)

// Say says it.
func Say() {
	exe, _ := os.Executable()
	fmt.Println(word.Word(), exe)
}

// Where says where.
func Where() {
	dir, _ := os.Getwd()
	fmt.Printf("%s %s %q\n", dir, os.Getenv("MAGPIE_FOLDER"), os.Getenv("GOWORK"))
}

// Fail fails.
func Fail() error { return fmt.Errorf("this is it") }
`)
	p.write("app/go.mod", "module example.com/app\n\ngo 1.26.0\n\nrequire example.com/far v0.0.0\n\nreplace example.com/far => ../far\n")
	p.write("app/word/word.go", `package word

import (
	_ "embed"

	"example.com/app/deep"
	"example.com/far"
)

//go:embed text
var text string

var word = "word"

func Word() string { return word + "," + text + "," + deep.Word + "," + far.Word }
`)
	p.write("app/word/text", "text")
	p.write("app/word/tagged.go", "//go:build special\n\npackage word\n\nfunc init() { word = \"special\" }\n")
	p.write("app/deep/deep.go", "package deep\n\nvar Word = \"deep\"\n")
	p.write("app/other/other.go", "package other\n\nfunc Word() string { return \"other\" }\n")
	for _, far := range []string{"far", "farther"} {
		p.write(far+"/go.mod", "module example.com/far\n\ngo 1.26.0\n")
		p.write(far+"/far.go", "package far\n\nvar Word = \""+far+"\"\n")
	}
	return p
}

func (p *place) write(name, text string) {
	p.t.Helper()
	full := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// edit replaces text in a file, which has to be there.
func (p *place) edit(name, before, after string) {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(name)))
	if err != nil {
		p.t.Fatal(err)
	}
	if !strings.Contains(string(data), before) {
		p.t.Fatalf("%s has no %q", name, before)
	}
	p.write(name, strings.ReplaceAll(string(data), before, after))
}

// magpie returns the launcher as a command in a folder of the workspace.
func (p *place) magpie(folder string, args ...string) *exec.Cmd {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	c := exec.CommandContext(p.t.Context(), self, args...)
	c.Dir = filepath.Join(p.dir, folder)
	c.Env = append(append(os.Environ(), "BE_MAGPIE=1"), p.env...)
	return c
}

// say returns what the magefile's Say says: the word, and the program that said it.
func (p *place) say() (word, program string) {
	p.t.Helper()
	out, err := p.magpie("", "say").CombinedOutput()
	word, program, ok := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || !ok {
		p.t.Fatalf("magpie say: %v\n%s", err, out)
	}
	return word, program
}

func (p *place) file(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

// A change in whatever decides about the compiled magefile has to show at the next start.
func TestStaleMagefileIsNeverRun(t *testing.T) {
	t.Parallel()
	const first = "word,text,deep,far"
	p := newPlace(t)
	word, program := p.say()
	if word != first {
		t.Fatalf("at first it says %s", word)
	}
	for name, test := range map[string]struct {
		change func(p *place)
		want   string // empty: it is the same, compiled anew
	}{
		"an edit in the magefile": {func(p *place) {
			p.edit("magefile.go", `word.Word()`, `"edited,"+word.Word()`)
		}, "edited," + first},
		"an edit in a package": {func(p *place) {
			p.edit("app/word/word.go", `"word"`, `"edit"`)
		}, "edit,text,deep,far"},
		"an edit that keeps size and time": {func(p *place) {
			if runtime.GOOS == "windows" {
				p.t.Skip("Windows has no time of change")
			}
			info, err := os.Stat(p.file("app/deep/deep.go"))
			if err != nil {
				p.t.Fatal(err)
			}
			p.edit("app/deep/deep.go", `"deep"`, `"DEEP"`)
			if err := os.Chtimes(p.file("app/deep/deep.go"), info.ModTime(), info.ModTime()); err != nil {
				p.t.Fatal(err)
			}
		}, "word,text,DEEP,far"},
		"an edit in a package behind another": {func(p *place) {
			p.edit("app/deep/deep.go", `"deep"`, `"deeper"`)
		}, "word,text,deeper,far"},
		"an edit in a module that is no member": {func(p *place) {
			p.edit("far/far.go", `"far"`, `"away"`)
		}, "word,text,deep,away"},
		"another import": {func(p *place) {
			p.edit("magefile.go", `"example.com/app/word"`, `word "example.com/app/other"`)
		}, "other"},
		"a new file in a package": {func(p *place) {
			p.write("app/word/new.go", "package word\n\nfunc init() { word = \"new\" }\n")
		}, "new,text,deep,far"},
		"a new file of the magefile": {func(p *place) {
			p.edit("app/deep/deep.go", `"deep"`, `"changeable"`)
			p.write("more_mage.go", "//go:build mage\n\npackage main\n\nimport \"example.com/app/deep\"\n\nfunc init() { deep.Word = \"more\" }\n")
		}, "word,text,more,far"},
		"a file that goes": {func(p *place) {
			p.write("app/word/new.go", "package word\n\nfunc init() { word = \"new\" }\n")
			if word, _ := p.say(); word != "new,text,deep,far" {
				p.t.Fatalf("with the file: %s", word)
			}
			if err := os.Remove(p.file("app/word/new.go")); err != nil {
				p.t.Fatal(err)
			}
		}, first},
		"an embedded file": {func(p *place) {
			p.write("app/word/text", "changed")
		}, "word,changed,deep,far"},
		"go.work": {func(p *place) {
			p.edit("go.work", "use ./app", "use ./app\n\nreplace example.com/far => ./farther")
		}, "word,text,deep,farther"},
		"go.mod": {func(p *place) {
			p.edit("app/go.mod", "=> ../far", "=> ../farther")
		}, "word,text,deep,farther"},
		"GOFLAGS": {func(p *place) {
			p.env = append(p.env, "GOFLAGS=-ldflags=-w -tags=special")
		}, "special,text,deep,far"},
		"go env -w GOFLAGS": {func(p *place) {
			p.env = append(p.env, "GOFLAGS=")
			p.write("goenv", "GOFLAGS=-tags=special\n")
		}, "special,text,deep,far"},
		"a platform setting": {func(p *place) {
			p.env = append(p.env, "GOAMD64=v2", "GOARM64=v8.1")
		}, ""},
		"a file for this system, while tasks build for another": {func(p *place) {
			p.env = append(p.env, "GOOS=plan9", "GOARCH=386")
			if word, _ := p.say(); word != first {
				p.t.Fatalf("under GOOS=plan9 it says %s", word)
			}
			p.write("app/word/more_"+runtime.GOOS+".go", "package word\n\nfunc init() { word = \"here\" }\n")
		}, "here,text,deep,far"},
		"another toolchain": {func(p *place) { p.otherToolchain() }, ""},
		"a link's file": {func(p *place) {
			p.write("linked/a.go", "package deep\n\nvar Word = \"linked\"\n")
			if err := os.Remove(p.file("app/deep/deep.go")); err != nil {
				p.t.Fatal(err)
			}
			if err := os.Symlink("../../linked/a.go", p.file("app/deep/deep.go")); err != nil {
				p.t.Skip(err)
			}
			if word, _ := p.say(); word != "word,text,linked,far" {
				p.t.Fatalf("linked: %s", word)
			}
			p.edit("linked/a.go", "linked", "relinked")
		}, "word,text,relinked,far"},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			defer p.restore(p.snapshot())
			test.change(p)
			word, again := p.say()
			switch {
			case test.want == "" && (word != first || again == program):
				t.Errorf("it says %s, from %s after %s", word, again, program)
			case test.want != "" && word != test.want:
				t.Errorf("it says %s, want %s", word, test.want)
			}
		})
		p.t = t
		if word, again := p.say(); word != first || again != program {
			t.Errorf("after %s was undone it says %s, from %s, not %s", name, word, again, program)
		}
	}
}

// A snapshot is the files of a workspace, without what the launcher keeps, and the environment.
type snapshot struct {
	files map[string]string
	env   []string
}

func (p *place) snapshot() snapshot {
	p.t.Helper()
	s := snapshot{files: make(map[string]string), env: slices.Clone(p.env)}
	p.each(func(name string) { s.files[name] = string(p.read(name)) })
	return s
}

func (p *place) restore(s snapshot) {
	p.t.Helper()
	p.env = s.env
	p.each(func(name string) {
		if err := os.Remove(p.file(name)); err != nil {
			p.t.Fatal(err)
		}
	})
	for name, text := range s.files {
		p.write(name, text)
	}
}

func (p *place) each(do func(name string)) {
	p.t.Helper()
	err := fs.WalkDir(os.DirFS(p.dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && name == ".magpie" {
			return fs.SkipDir
		}
		if err == nil && !e.IsDir() {
			do(name)
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// otherToolchain puts a go command on the PATH that is of another version.
func (p *place) otherToolchain() {
	p.t.Helper()
	p.wrapGo("")
	p.write("sdk/VERSION", "go1.99\n")
}

// wrapGo puts a go command on the PATH that does something in a shell first.
func (p *place) wrapGo(first string) {
	p.t.Helper()
	if runtime.GOOS == "windows" {
		p.t.Skip("needs a shell")
	}
	real, err := exec.LookPath("go")
	if err != nil {
		p.t.Fatal(err)
	}
	p.write("sdk/bin/go", "#!/bin/sh\n"+first+"\nexec "+real+" \"$@\"\n")
	if err := os.Chmod(p.file("sdk/bin/go"), 0o755); err != nil {
		p.t.Fatal(err)
	}
	p.env = append(p.env, "PATH="+p.file("sdk/bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// What no build reads compiles nothing, and what was compiled before is found again.
func TestNothingIsCompiledForNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	_, first := p.say()
	p.write("app/word/word_test.go", "package word\n")
	p.write("app/word/README.md", "read me")
	p.write("README.md", "read me")
	p.write("app/other/more.go", "package other\n")
	p.write("app/word/word.go", string(p.read("app/word/word.go"))) // a touch
	if _, again := p.say(); again != first {
		t.Errorf("compiled again, to %s after %s", again, first)
	}
	p.edit("app/word/word.go", `"word"`, `"edit"`)
	if _, edited := p.say(); edited == first {
		t.Error("the edit was not compiled")
	}
	p.edit("app/word/word.go", `"edit"`, `"word"`)
	if _, back := p.say(); back != first {
		t.Errorf("back at the first state it runs %s, not %s", back, first)
	}
}

func (p *place) read(name string) []byte {
	p.t.Helper()
	data, err := os.ReadFile(p.file(name))
	if err != nil {
		p.t.Fatal(err)
	}
	return data
}

func TestMagefileThatDoesNotCompileIsNotRun(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.say()
	p.edit("app/word/word.go", `"word"`, `"word`)
	out, err := p.magpie("", "say").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "word.go:13:") || strings.Contains(string(out), "word,text") {
		t.Errorf("want an error that names the line: %v\n%s", err, out)
	}
	p.edit("app/word/word.go", `"word`, `"word"`)
	if word, _ := p.say(); word != "word,text,deep,far" {
		t.Errorf("mended, it says %s", word)
	}
}

// The magefile runs at the root, from wherever the launcher is called, in the caller's environment, as it does
// under mage; its exit code is the launcher's.
func TestAnyFolder(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	root, err := filepath.EvalSymlinks(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.magpie("app/word", "where").Output()
	if got, want := strings.TrimSpace(string(out)), root+` app/word ""`; err != nil || got != want {
		t.Errorf("in app/word: %q, %v, want %q", got, err, want)
	}
	if out, err := p.magpie("", "fail").CombinedOutput(); err == nil || !strings.Contains(string(out), "this is it") {
		t.Errorf("fail: %v\n%s", err, out)
	}
	if out, err := p.magpie("", "no-such").CombinedOutput(); err == nil || !strings.Contains(string(out), "hint: add: func Magpie") {
		t.Errorf("what is no target: %v\n%s", err, out)
	}
	if out, err := p.magpie("").Output(); err != nil || !strings.Contains(string(out), "says it.") {
		t.Errorf("without arguments: %v\n%s", err, out)
	}
	lost := p.magpie("")
	lost.Dir = t.TempDir()
	if out, err := lost.CombinedOutput(); err == nil || !strings.Contains(string(out), "there is no go.work with a magefile.go") {
		t.Errorf("outside: %v\n%s", err, out)
	}
}

// Many first starts at once, and what a killed one left behind.
func TestStartsAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("mage_output_file.go", "//go:build ignore\n\npackage main\n\nfunc main() {")
	p.write(".magpie/magefile/new-1/mage", "half")
	p.write(".magpie/magefile/current", "magpie magefile 1 0000\nfile ")
	p.write(".magpie/magefile/index", "nonsense")
	var starts []*exec.Cmd
	said, complained := make([]strings.Builder, 4), make([]strings.Builder, 4)
	for i := range said {
		c := p.magpie("", "say")
		c.Stdout, c.Stderr = &said[i], &complained[i]
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		starts = append(starts, c)
	}
	for i, c := range starts {
		if err := c.Wait(); err != nil || !strings.HasPrefix(said[i].String(), "word,text,deep,far ") {
			t.Errorf("%v\n%s%s", err, said[i].String(), complained[i].String())
		}
	}
}

// A program that is gone, cut short or empty is compiled again.
func TestBrokenProgramIsNotRun(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	_, program := p.say()
	for name, damage := range map[string]func() error{
		"gone":                    func() error { return os.Remove(program) },
		"cut short":               func() error { return os.Truncate(program, 1000) },
		"empty":                   func() error { return os.Truncate(program, 0) },
		"gone, and nothing known": func() error { return errors.Join(os.Remove(program), os.Remove(p.file(".magpie/magefile/current"))) },
		"empty, and nothing known": func() error {
			return errors.Join(os.Truncate(program, 0), os.Remove(p.file(".magpie/magefile/current")))
		},
	} {
		if err := damage(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if word, again := p.say(); word != "word,text,deep,far" || again != program {
			t.Errorf("%s: it says %s from %s", name, word, again)
		}
	}
}

// An edit between the look at the files and the compiler's is no reason to keep what was compiled under the wrong name.
func TestEditWhileItCompiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.wrapGo(`if [ "$1" = build ] && [ -e before ]; then rm before; cp after app/word/word.go; fi`)
	text := string(p.read("app/word/word.go"))
	p.write("before", "")
	p.write("after", strings.ReplaceAll(text, `"word"`, `"edit"`))
	if word, _ := p.say(); word != "edit,text,deep,far" {
		t.Errorf("edited while it compiled, it says %s", word)
	}
	p.write("app/word/word.go", text)
	if word, _ := p.say(); word != "word,text,deep,far" {
		t.Errorf("edited back, it says %s", word)
	}
}
