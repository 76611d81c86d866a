package gosource_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/workspace"
)

// listed is what `go list -json` says of a package, as far as it concerns files.
type listed struct {
	Dir, ImportPath string
	Standard        bool
	GoFiles, CgoFiles, CFiles, CXXFiles, MFiles, HFiles, FFiles, SFiles,
	SwigFiles, SwigCXXFiles, SysoFiles, EmbedFiles, TestGoFiles, XTestGoFiles,
	TestEmbedFiles, XTestEmbedFiles []string
}

// goList answers the question of Build or Test by the go command.
func goList(t *testing.T, root string, config gosource.Config, tests bool, patterns ...string) []string {
	t.Helper()
	args := []string{"list", "-e", "-deps", "-json", "-tags=" + strings.Join(config.Tags, ",")}
	if tests {
		args = append(args, "-test")
	}
	named := map[string]bool{}
	if tests {
		for _, p := range runList(t, root, config, append([]string{"list", "-e", "-json", "-tags=" + strings.Join(config.Tags, ",")}, patterns...)) {
			named[p.Dir] = true
		}
	}
	var files []string
	for _, p := range runList(t, root, config, append(args, patterns...)) {
		inside := p.Dir == root || strings.HasPrefix(p.Dir, root+string(filepath.Separator))
		if p.Standard || !inside || strings.HasSuffix(p.ImportPath, ".test") {
			continue
		}
		groups := [][]string{p.GoFiles, p.CgoFiles, p.CFiles, p.CXXFiles, p.MFiles, p.HFiles, p.FFiles, p.SFiles, p.SwigFiles, p.SwigCXXFiles, p.SysoFiles, p.EmbedFiles}
		if named[p.Dir] {
			groups = append(groups, p.TestGoFiles, p.XTestGoFiles, p.TestEmbedFiles, p.XTestEmbedFiles)
			files = append(files, below(t, root, filepath.Join(p.Dir, "testdata"))...)
		}
		for _, name := range slices.Concat(groups...) {
			files = append(files, relative(t, root, filepath.Join(p.Dir, name)))
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

func runList(t *testing.T, root string, config gosource.Config, args []string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	cgo := "0"
	if config.CGO {
		cgo = "1"
	}
	cmd.Env = append(os.Environ(), "GOOS="+config.GOOS, "GOARCH="+config.GOARCH, "CGO_ENABLED="+cgo, "GOFLAGS=", "GOWORK=", "GOPROXY=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// below returns all files below dir, relative to root.
func below(t *testing.T, root, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !entry.IsDir() {
			files = append(files, relative(t, root, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func relative(t *testing.T, root, name string) string {
	t.Helper()
	rel, err := filepath.Rel(root, name)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(rel)
}

// ask answers the same question by the reader.
func ask(t *testing.T, ws *workspace.Workspace, config gosource.Config, tests bool, dirs ...string) gosource.Inputs {
	t.Helper()
	reader := gosource.New(ws, config)
	read := reader.Build
	if tests {
		read = reader.Test
	}
	inputs, err := read(dirs...)
	if err != nil {
		t.Fatal(err)
	}
	return inputs
}

func load(tb testing.TB, root string) *workspace.Workspace {
	tb.Helper()
	ws, err := workspace.Load(root)
	if err != nil {
		tb.Fatal(err)
	}
	return ws
}

// platforms are configurations that differ in every way that matters.
func platforms() map[string]gosource.Config {
	return map[string]gosource.Config{
		"here":          {GOOS: runtime.GOOS, GOARCH: runtime.GOARCH},
		"linux cgo":     {GOOS: "linux", GOARCH: "amd64", CGO: true, Tags: []string{"special"}},
		"windows":       {GOOS: "windows", GOARCH: "amd64"},
		"darwin":        {GOOS: "darwin", GOARCH: "arm64", Tags: []string{"race"}},
		"ios":           {GOOS: "ios", GOARCH: "arm64", CGO: true},
		"android":       {GOOS: "android", GOARCH: "arm64"},
		"illumos":       {GOOS: "illumos", GOARCH: "amd64"},
		"webassembly":   {GOOS: "js", GOARCH: "wasm"},
		"s390x special": {GOOS: "linux", GOARCH: "s390x", Tags: []string{"special", "other"}},
	}
}

// compare asks both for one folder pattern, to build and to test.
func compare(t *testing.T, ws *workspace.Workspace, config gosource.Config, dir string) {
	t.Helper()
	for _, tests := range []bool{false, true} {
		want := goList(t, ws.Root, config, tests, "./"+dir)
		got := ask(t, ws, config, tests, dir).Files
		for _, name := range got {
			if _, found := slices.BinarySearch(want, name); !found {
				t.Errorf("%s, tests %v: %s is no input to the go command", dir, tests, name)
			}
		}
		for _, name := range want {
			if _, found := slices.BinarySearch(got, name); !found {
				t.Errorf("%s, tests %v: %s is missing", dir, tests, name)
			}
		}
	}
}

func TestThisRepositoryIsReadAsTheGoCommandReadsIt(t *testing.T) {
	root, err := workspace.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	ws := load(t, root)
	for _, platform := range []string{"here", "windows", "darwin"} {
		t.Run(platform, func(t *testing.T) {
			for _, module := range ws.Modules {
				compare(t, ws, platforms()[platform], module.Name+"/...")
			}
		})
	}
}
