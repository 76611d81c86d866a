package gosource_test

import (
	"fmt"
	"go/build"
	"go/build/constraint"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/gosource"
)

func TestHeaderSaysWhatTheReaderNeeds(t *testing.T) {
	got := gosource.ParseHeader("a.go", []byte("\ufeff// +build linux darwin\n// +build !cgo\n\npackage a\n\n"+
		"import _ \"embed\"\nimport (\n\t\"C\"\n\t. `fmt`\n\t\"fmt\"\n)\n\n//go:embed b \"c d\"\n//go:embed `e`\nvar x = `\n//go:embed f\n`\n"))
	want := gosource.Header{
		Constraint: "(linux || darwin) && !cgo", Package: "a",
		Imports: []string{"C", "embed", "fmt"}, Embeds: []string{"b", "c d", "e"},
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzHeader compares constraints with go/build: whether a file is let in depends on nothing else.
func FuzzHeader(f *testing.F) {
	for _, seed := range []string{
		"package a\n", "//go:build linux\n\npackage a\n", "//go:build linux\n//go:build windows\n\npackage a\n",
		"/* x */ //go:build windows\npackage a\n", "/*\n//go:build windows\n*/\n\npackage a\n",
		"// +build windows\n\npackage a\n", "// +build windows\npackage a\n", "//go:build (\n\npackage a\n",
		"package a\nimport _ \"embed\"\n//go:embed x\nvar y string\n", "package", "import \"x\"", "\x00", "//go:build !windows\r\n\r\npackage a\r\n",
	} {
		f.Add(seed)
	}
	goBuild := build.Default
	goBuild.GOOS, goBuild.GOARCH = "windows", "amd64"
	f.Fuzz(func(t *testing.T, content string) {
		header := gosource.ParseHeader("a.go", []byte(content))
		goBuild.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }
		want, err := goBuild.MatchFile(".", "a.go")
		if err != nil {
			return // the go command refuses the file
		}
		got := true
		if header.Constraint != "" {
			expr, err := constraint.Parse("//go:build " + header.Constraint)
			if err != nil {
				t.Fatalf("constraint %q cannot be read back: %v", header.Constraint, err)
			}
			got = expr.Eval(func(tag string) bool {
				return slices.Contains([]string{"windows", "amd64", "gc"}, tag) || slices.Contains(goBuild.ReleaseTags, tag) ||
					slices.Contains(goBuild.ToolTags, tag) || tag == "cgo" && goBuild.CgoEnabled
			})
		}
		if got != want {
			t.Errorf("let in: %v, go/build says %v", got, want)
		}
	})
}

// TestNamesMatchAsInGoBuild finds a system or architecture that Go has learned since.
func TestNamesMatchAsInGoBuild(t *testing.T) {
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	known, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "src", "internal", "syslist", "syslist.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(known)) {
		if name, rest, ok := strings.Cut(strings.TrimSpace(line), `":`); ok && strings.HasPrefix(strings.TrimSpace(rest), "true") {
			names = append(names, strings.TrimPrefix(name, `"`))
		}
	}
	root := tree(t)
	for _, name := range names {
		write(t, root, "lib/shared/f_"+name+".go", "package shared\n")
		write(t, root, "lib/shared/f_"+name+"_amd64.go", "package shared\n")
		write(t, root, "lib/shared/"+name+".go", "package shared\n")
		write(t, root, "lib/shared/f_"+name+"_test.go", "package shared\n")
	}
	ws := load(t, root)
	for _, system := range []string{"linux", "android", "windows", "illumos", "plan9"} {
		context := build.Default
		context.GOOS, context.GOARCH, context.CgoEnabled = system, "amd64", false
		files := ask(t, ws, gosource.Config{GOOS: system, GOARCH: "amd64"}, true, "lib/shared").Files
		entries, err := os.ReadDir(filepath.Join(root, "lib", "shared"))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			want, err := context.MatchFile(filepath.Join(root, "lib", "shared"), entry.Name())
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Contains(files, "lib/shared/"+entry.Name()); got != want {
				t.Errorf("%s on %s: %v, go/build says %v", entry.Name(), system, got, want)
			}
		}
	}
}

func BenchmarkParseHeader(b *testing.B) {
	content, err := os.ReadFile("package.go")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		gosource.ParseHeader("package.go", content)
	}
}

// BenchmarkTest asks for the tests of each of a hundred modules that import one another.
func BenchmarkTest(b *testing.B) {
	const modules, files = 100, 50
	root := b.TempDir()
	work := "go 1.26.0\n\nuse (\n"
	for m := range modules {
		name := fmt.Sprintf("m%03d", m)
		work += "\t./" + name + "\n"
		write(b, root, name+"/go.mod", "module example.com/"+name+"\n\ngo 1.26.0\n")
		imports := ""
		for _, d := range []int{m - modules/6, m - modules/6 - 3, m - modules/6 - 7} {
			if d >= 0 {
				imports += fmt.Sprintf("\t_ \"example.com/m%03d\"\n", d)
			}
		}
		for n := range files {
			write(b, root, fmt.Sprintf("%s/f%02d.go", name, n), "// Package x is one of many.\npackage x\n\nimport (\n\t\"fmt\"\n"+imports+")\n\nfunc F"+fmt.Sprint(n)+"() { fmt.Println() }\n")
		}
	}
	write(b, root, "go.work", work+")\n")
	ws := load(b, root)
	for name, config := range map[string]gosource.Config{"cold": {}, "headers known": {Headers: headers{}}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				reader := gosource.New(ws, config)
				for _, module := range ws.Modules {
					if _, err := reader.Test(module.Name + "/..."); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
