package workspace_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/workspace"
)

// write puts files into a folder of their own, given as name and content in turn.
func write(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for pair := range slices.Chunk(files, 2) {
		path := filepath.Join(root, filepath.FromSlash(pair[0]))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pair[1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// acme is a workspace with modules inside one another, two that end in the same word, and
// replaced ones.
func acme(t *testing.T) *workspace.Workspace {
	t.Helper()
	root := write(t,
		"go.work", "go 1.26.0\n\nuse (\n\t./services/api\n\t./libs/api\n\t./libs/api/v2\n\t./web\n)\n\nreplace example.org/forked => ./third/forked\n",
		"services/api/go.mod", "module example.com/services/api\n\ngo 1.25\n\nrequire (\n\texample.com/libs/api/v2 v2.0.0\n\texample.com/libs/api v0.0.0\n\texample.org/other v1.2.3\n\texample.org/near v0.0.0\n)\n\nreplace example.org/near => ../../third/near\n\nignore ./node_modules\n",
		"libs/api/go.mod", "module example.com/libs/api\n",
		"libs/api/v2/go.mod", "module example.com/libs/api/v2\n",
		"web/go.mod", "module example.com/libs/apiweb\n",
		"third/forked/go.mod", "module example.org/renamed\n",
		"third/near/go.mod", "module example.org/near\n",
	)
	ws, err := workspace.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func TestModulesAreNamedByTheirFoldersAndSorted(t *testing.T) {
	var names []string
	for _, module := range acme(t).Modules {
		names = append(names, module.Name)
	}
	if want := []string{"libs/api", "libs/api/v2", "services/api", "web"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

func TestModuleSaysWhatGoModSays(t *testing.T) {
	ws := acme(t)
	m := ws.Module("services/api")
	if m.Path != "example.com/services/api" || m.GoVersion != "1.25" || m.Dir != filepath.Join(ws.Root, "services", "api") {
		t.Errorf("got %+v", m)
	}
	if want := []string{"libs/api", "libs/api/v2", "third/near"}; !slices.Equal(m.Requires, want) {
		t.Errorf("requires %v, want %v", m.Requires, want)
	}
	if !slices.Equal(m.Ignore, []string{"./node_modules"}) {
		t.Errorf("ignores %v", m.Ignore)
	}
	if ws.Module("services") != nil {
		t.Error("a folder without a module was found")
	}
}

func TestImportPathBelongsToTheLongestModulePath(t *testing.T) {
	ws := acme(t)
	for path, want := range map[string]string{
		"example.com/libs/api":           "libs/api",
		"example.com/libs/api/inner":     "libs/api",
		"example.com/libs/api/v2":        "libs/api/v2",
		"example.com/libs/api/v2/x/y":    "libs/api/v2",
		"example.com/libs/api/v22":       "libs/api",
		"example.com/libs/apiweb":        "web",
		"example.com/libs/apiweb/x":      "web",
		"example.com/services/api/cmd/x": "services/api",
		"example.org/forked/x":           "third/forked",
		"example.org/near":               "third/near",
		"example.org/renamed":            "",
		"example.com/libs":               "",
		"fmt":                            "",
	} {
		got := ""
		if m := ws.ModuleOf(path); m != nil {
			got = m.Name
		}
		if got != want {
			t.Errorf("%s belongs to %q, want %q", path, got, want)
		}
	}
}

func TestFileBelongsToTheInnermostModule(t *testing.T) {
	ws := acme(t)
	for name, want := range map[string]string{
		"libs/api/a.go": "libs/api", "libs/api/v2/x/a.go": "libs/api/v2", "libs/a.go": "", "go.work": "", "web": "web",
	} {
		got := ""
		if m := ws.Containing(name); m != nil {
			got = m.Name
		}
		if got != want {
			t.Errorf("%s belongs to %q, want %q", name, got, want)
		}
	}
}

func TestRootIsFoundFromAnyFolder(t *testing.T) {
	ws := acme(t)
	for _, dir := range []string{".", "web", "libs/api/v2", "not/there/yet"} {
		if got, err := workspace.FindRoot(ws.Abs(dir)); err != nil || got != ws.Root {
			t.Errorf("from %s: got %s, %v", dir, got, err)
		}
	}
}

func TestNoWorkspace(t *testing.T) {
	dir := t.TempDir()
	if _, err := workspace.FindRoot(dir); !errors.Is(err, workspace.ErrNoWorkspace) || !strings.Contains(err.Error(), dir) {
		t.Errorf("FindRoot: %v", err)
	}
	if _, err := workspace.Load(dir); !errors.Is(err, workspace.ErrNoWorkspace) {
		t.Errorf("Load: %v", err)
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	const work = "go 1.26.0\n\nuse ./a\nuse ./b\n"
	for name, test := range map[string]struct {
		files []string
		want  string
	}{
		"syntax of go.work":  {[]string{"go.work", "go 1.26.0\n\nuse (\n\t./a\n"}, "go.work:5"},
		"missing member":     {[]string{"go.work", work, "a/go.mod", "module x/a\n"}, "go.work:4: use ./b: there is no go.mod in that folder"},
		"syntax of go.mod":   {[]string{"go.work", work, "a/go.mod", "module x/a\n", "b/go.mod", "module x/b\n\nrequire\n"}, filepath.FromSlash("b/go.mod:3")},
		"no module line":     {[]string{"go.work", work, "a/go.mod", "module x/a\n", "b/go.mod", "go 1.26.0\n"}, filepath.FromSlash("b/go.mod:1: there is no module line")},
		"module path twice":  {[]string{"go.work", work, "a/go.mod", "module x/a\n", "b/go.mod", "module x/a\n"}, "go.work:4: use ./b: module x/a is already the one in a"},
		"folder as a go.mod": {[]string{"go.work", work, "a/go.mod", "module x/a\n", "b/go.mod/x", ""}, "go.work:4: use ./b: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := workspace.Load(write(t, test.files...))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want it to say %q", err, test.want)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("go 1.26.0\n\nuse ./a\n", "module example.com/a\n\ngo 1.26.0\n")
	f.Add("use (\n", "module\n")
	f.Add("go 1.26.0\nuse .\nuse ./a\nreplace x => ./a\n", "module x\nreplace y v1.0.0 => ../a\nrequire y v1.0.0\n")
	f.Add("go 1.26.0\nuse ../..\nuse /\n", "ignore ./x\n")
	f.Fuzz(func(t *testing.T, work, mod string) {
		ws, err := workspace.Load(write(t, "go.work", work, "go.mod", mod, "a/go.mod", mod))
		if err != nil {
			return
		}
		for _, m := range ws.Modules {
			if ws.Module(m.Name) != m || ws.ModuleOf(m.Path) != m {
				t.Errorf("module %q, path %q, is not found again", m.Name, m.Path)
			}
		}
	})
}
