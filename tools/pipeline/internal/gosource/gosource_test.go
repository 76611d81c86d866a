package gosource_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"magpie.build/tools/pipeline/internal/gosource"
)

// tree writes the workspace of testdata to a folder of its own.
func tree(t *testing.T) string {
	t.Helper()
	parsed, err := txtar.ParseFile(filepath.Join("testdata", "kinds.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range parsed.Files {
		write(t, root, file.Name, string(file.Data))
	}
	return root
}

func write(tb testing.TB, root, name, content string) {
	tb.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		tb.Fatal(err)
	}
}

func TestEveryKindOfFileIsReadAsTheGoCommandReadsIt(t *testing.T) {
	root := tree(t)
	ws := load(t, root)
	for name, config := range platforms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, dir := range []string{"app/...", "lib/...", "lib/deep/...", "app", "lib/asm", "second/app/..."} {
				compare(t, ws, config, dir)
			}
		})
	}
}

// A site of documentation has folders that are called like the files they show.
func TestFolderNamedLikeAGoFileIsNone(t *testing.T) {
	root := tree(t)
	write(t, root, "app/site/main.go/index.html", "<!doctype html>")
	packages, err := gosource.New(load(t, root), gosource.Config{}).Packages("app/...")
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(packages, "app/site") {
		t.Errorf("app/site is among the packages %q", packages)
	}
}

func TestModulesAreThoseOfTheFiles(t *testing.T) {
	ws := load(t, tree(t))
	inputs := ask(t, ws, gosource.Config{GOOS: "linux", GOARCH: "amd64"}, false, "app")
	if want := []string{"app", "lib", "replaced"}; !slices.Equal(inputs.Modules, want) {
		t.Errorf("got modules %v, want %v", inputs.Modules, want)
	}
	if want := []string{"example.org/elsewhere/pkg"}; !slices.Equal(inputs.External, want) {
		t.Errorf("got external packages %v, want %v", inputs.External, want)
	}
}

func TestWhatIsNotThereYetIsNoError(t *testing.T) {
	root := tree(t)
	for _, name := range []string{"lib/lib.go", "lib/shared", "app/static"} {
		if err := os.RemoveAll(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	inputs := ask(t, load(t, root), gosource.Config{GOOS: "linux", GOARCH: "amd64"}, true, "app", "app/not/yet")
	if !slices.Contains(inputs.Files, "app/main.go") {
		t.Errorf("the rest is not read: %v", inputs.Files)
	}
}

func TestBrokenFileIsAnInput(t *testing.T) {
	root := tree(t)
	write(t, root, "app/broken.go", "package main\n\nimport (\n\t\"example.com/acme/lib/deep\"\n\t\"unterminated\n")
	write(t, root, "app/empty.go", "")
	files := ask(t, load(t, root), gosource.Config{GOOS: "linux", GOARCH: "amd64"}, false, "app").Files
	for _, want := range []string{"app/broken.go", "app/empty.go", "lib/deep/deep.go"} {
		if !slices.Contains(files, want) {
			t.Errorf("%s is missing in %v", want, files)
		}
	}
}

func TestFolderOutsideEveryModuleIsAnError(t *testing.T) {
	reader := gosource.New(load(t, tree(t)), gosource.Config{})
	_, err := reader.Build("nowhere/app")
	if err == nil || !strings.Contains(err.Error(), `"nowhere/app"`) {
		t.Errorf("got %v, want an error that names the folder", err)
	}
}

// TestCachedHeadersSpareTheFiles reads a tree whose Go files cannot be opened any more.
func TestCachedHeadersSpareTheFiles(t *testing.T) {
	root := tree(t)
	ws := load(t, root)
	config := gosource.Config{GOOS: "linux", GOARCH: "amd64", Headers: headers{}}
	first := ask(t, ws, config, true, "app/...", "lib/...")
	for _, name := range first.Files {
		if strings.HasSuffix(name, ".go") {
			write(t, root, name, "//go:build never\n")
		}
	}
	if again := ask(t, ws, config, true, "app/...", "lib/..."); !slices.Equal(first.Files, again.Files) {
		t.Errorf("got %v, want %v", again.Files, first.Files)
	}
}

// headers is a cache that never doubts.
type headers map[string]gosource.Header

func (h headers) Load(name string) (gosource.Header, bool) {
	header, ok := h[name]
	return header, ok
}

func (h headers) Store(name string, _ []byte, header gosource.Header) { h[name] = header }

func TestFoldersAreListedOnce(t *testing.T) {
	root := tree(t)
	ws := load(t, root)
	times := map[string]int{}
	reader := gosource.New(ws, gosource.Config{ReadDir: func(dir string) ([]fs.DirEntry, error) {
		times[dir]++
		return os.ReadDir(ws.Abs(dir))
	}})
	for range 2 {
		if _, err := reader.Test("app/...", "lib/..."); err != nil {
			t.Fatal(err)
		}
	}
	for dir, n := range times {
		if n > 1 {
			t.Errorf("%s was listed %d times", dir, n)
		}
	}
}

// The go command lists neither, though it reads both: the profile of a main package, and files
// that match beside a pattern that matches nothing.
func TestProfilesAndHalfMatchingPatternsAreInputs(t *testing.T) {
	root := tree(t)
	write(t, root, "app/default.pgo", "")
	write(t, root, "app/other.pgo", "")
	write(t, root, "lib/default.pgo", "")
	write(t, root, "lib/lib.go", "package lib\n\nimport _ \"embed\"\n\n//go:embed *.missing found.txt\nvar text string\n")
	write(t, root, "lib/found.txt", "")
	files := ask(t, load(t, root), gosource.Config{GOOS: "linux", GOARCH: "amd64"}, false, "app").Files
	for name, want := range map[string]bool{"app/default.pgo": true, "app/other.pgo": false, "lib/default.pgo": false, "lib/found.txt": true} {
		if slices.Contains(files, name) != want {
			t.Errorf("%s among the inputs: %v, want %v", name, !want, want)
		}
	}
}

// Named files are taken whatever their constraints say, need no module, and lead to packages like any others.
func TestBuildFilesOfNoModule(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, "go.work", "go 1.26.0\nuse ./lib\n")
	write(t, root, "lib/go.mod", "module example.com/lib\ngo 1.26.0\n")
	write(t, root, "lib/lib.go", "package lib\n")
	write(t, root, "lib/lib_mage.go", "//go:build mage\n\npackage lib\n")
	write(t, root, "a.go", "//go:build mage\n\npackage main\n\nimport (\n\t_ \"embed\"\n\n\t_ \"example.com/lib\"\n)\n\n//go:embed words/*\nvar words string\n")
	write(t, root, "other.go", "package main\n")
	write(t, root, "words/one", "one")
	inputs, err := gosource.New(load(t, root), gosource.Config{}).BuildFiles("a.go")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a.go", "lib/lib.go", "words/one"}; !slices.Equal(inputs.Files, want) {
		t.Errorf("files are %q, want %q", inputs.Files, want)
	}
	if want := []string{"lib"}; !slices.Equal(inputs.Modules, want) {
		t.Errorf("modules are %q, want %q", inputs.Modules, want)
	}
}
