package synthetic_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/tools/bench/internal/release"
	"magpie.build/tools/bench/internal/synthetic"
)

var shape = synthetic.Shape{Modules: 12, Files: 25, Depth: 6, Deps: 3, Seed: 1}

func TestWorkspaceBuilds(t *testing.T) {
	pipeline := released(t)
	dir := write(t, pipeline, shape)
	for _, args := range [][]string{
		append([]string{"build"}, modules(t, dir)...),
		{"tool", "magpie", "trivial"},
	} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), pipeline.Env...), "GOWORK="+filepath.Join(dir, "go.work"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", args, err, out)
		}
	}
	// The pipeline is where modules from elsewhere are, and no folder of the workspace.
	if found, err := filepath.Glob(filepath.Join(dir, "tools", "*", "*")); err != nil || len(found) > 0 {
		t.Errorf("tools has %q, %v", found, err)
	}
}

func released(t *testing.T) *release.Module {
	t.Helper()
	pipeline, err := release.New(t.Context(), "../../../pipeline", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return pipeline
}

func write(t *testing.T, pipeline *release.Module, s synthetic.Shape) string {
	t.Helper()
	dir := t.TempDir()
	if err := synthetic.Write(dir, pipeline, s); err != nil {
		t.Fatal(err)
	}
	return dir
}

// modules returns a pattern for each module of ours.
func modules(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "m*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range found {
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		found[i] = "./" + filepath.ToSlash(rel) + "/..."
	}
	return found
}

func TestSizeIsAsAsked(t *testing.T) {
	dir := write(t, released(t), shape)
	if n := len(modules(t, dir)); n != shape.Modules {
		t.Errorf("%d modules, want %d", n, shape.Modules)
	}
	perModule := map[string]int{}
	for name := range files(t, dir) {
		if parts := strings.SplitN(name, "/", 3); strings.HasSuffix(name, ".go") && parts[0] != "tools" && len(parts) == 3 {
			perModule[parts[1]]++
		}
	}
	for module, n := range perModule {
		if n != shape.Files {
			t.Errorf("%s has %d files, want %d", module, n, shape.Files)
		}
	}
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		all[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDependenciesAreAsDeepAsAsked(t *testing.T) {
	dir := write(t, released(t), shape)
	requires := map[string][]string{}
	for name, text := range files(t, dir) {
		if !strings.HasSuffix(name, "/f00.go") || strings.Count(name, "/") != 2 {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		module := filepath.Base(filepath.Dir(name))
		for _, spec := range parsed.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if base := filepath.Base(path); strings.HasPrefix(base, "m") {
				requires[module] = append(requires[module], base)
			}
		}
		if n := len(requires[module]); n > shape.Deps {
			t.Errorf("%s requires %d modules, want at most %d", module, n, shape.Deps)
		}
	}
	var depth func(module string) int
	depth = func(module string) int {
		deepest := 0
		for _, d := range requires[module] {
			deepest = max(deepest, depth(d))
		}
		return 1 + deepest
	}
	if d := depth("m0000"); d != shape.Depth {
		t.Errorf("the longest chain from a program has %d modules, want %d", d, shape.Depth)
	}
}

func TestSameSeedGivesTheSameBytes(t *testing.T) {
	pipeline := released(t)
	one, two := files(t, write(t, pipeline, shape)), files(t, write(t, pipeline, shape))
	for name, text := range one {
		if two[name] != text {
			t.Errorf("%s differs", name)
		}
	}
	other := shape
	other.Seed++
	differs := false
	for name, text := range files(t, write(t, pipeline, other)) {
		differs = differs || one[name] != text
	}
	if !differs {
		t.Error("another seed gives the same workspace")
	}
}

func TestImpossibleShapeIsRefused(t *testing.T) {
	if err := synthetic.Write(t.TempDir(), released(t), synthetic.Shape{Modules: 3, Files: 1, Depth: 6}); err == nil {
		t.Error("three modules cannot be six deep")
	}
}
