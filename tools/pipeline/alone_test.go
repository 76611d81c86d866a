package pipeline_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/internal/golist"
)

// Under GOWORK=off a task runs again when a file changes that the go command then reads, and not when one does that it would read
// with the workspace around the module.
func TestKeysWithoutTheWorkspaceAround(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("asks the go command")
	}
	needGo(t)
	elsewhere := serveElsewhere(t)
	const app = "module acme.example/app\n\ngo 1.25.0\n\nrequire (\n\tacme.example/lib v0.1.0\n\tacme.example/far v0.0.0\n)\n\nreplace acme.example/far => ../far\n"
	for name, test := range map[string]struct {
		mod    string
		vendor bool
		reads  []string
	}{
		"replaced as in the workspace": {app + "\nreplace acme.example/lib => ../lib\n", false, []string{"lib/a.go", "far/a.go"}},
		"from elsewhere":               {app, false, nil},
		"another folder":               {app + "\nreplace acme.example/lib => ../other\n", false, []string{"other/a.go", "far/a.go"}},
		"vendored":                     {app + "\nreplace acme.example/lib => ../lib\n", true, []string{"app/vendor/acme.example/lib/a.go", "app/vendor/acme.example/far/a.go"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			write(t, root, map[string]string{
				"go.work":    "go 1.25.0\n\nuse (\n\t./app\n\t./lib\n\t./far\n)\n",
				"app/go.mod": test.mod, "app/main.go": "package main\n\nimport _ \"acme.example/lib\"\n\nfunc main() {}\n",
				"lib/go.mod": "module acme.example/lib\n\ngo 1.25.0\n", "lib/a.go": "package lib\n\nimport _ \"acme.example/far\"\n",
				"far/go.mod": "module acme.example/far\n\ngo 1.25.0\n", "far/a.go": "package far\n",
				"other/go.mod": "module acme.example/lib\n\ngo 1.25.0\n", "other/a.go": "package lib\n\nimport _ \"acme.example/far\"\n",
			})
			env := append(slices.Clone(elsewhere), "GOWORK=off")
			dir := filepath.Join(root, "app")
			prepare := [][]string{{"mod", "tidy"}}
			if test.vendor {
				prepare = append(prepare, []string{"mod", "vendor"})
			}
			for _, args := range prepare {
				cmd := exec.CommandContext(t.Context(), "go", args...)
				cmd.Dir, cmd.Env = dir, env
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %v\n%s", args, err, out)
				}
			}
			answer, err := golist.Ask(t.Context(), golist.Question{Root: dir, Env: env, Patterns: []string{"./..."}})
			if err != nil {
				t.Fatal(err)
			}
			set, err := answer.Build("")
			if err != nil {
				t.Fatal(err)
			}
			reads := map[string]bool{"app/go.sum": true}
			for _, file := range set.Files {
				reads[path.Join("app", file)] = true
			}
			for _, file := range test.reads {
				if !reads[file] {
					t.Errorf("the go command does not read %s, but %v", file, set.Files)
				}
			}
			runsAgain(t, root, env) // as it is
			for _, file := range []string{"app/main.go", "lib/a.go", "far/a.go", "other/a.go", "app/vendor/acme.example/lib/a.go", "app/vendor/acme.example/far/a.go", "app/go.sum"} {
				text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
				if err != nil && path.Base(file) != "go.sum" {
					continue // not in this case
				}
				line := "\nfunc changed() {}\n"
				if path.Base(file) == "go.sum" {
					line = "nobody.example/x v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
				}
				write(t, root, map[string]string{file: string(text) + line})
				if got := runsAgain(t, root, env); got != reads[file] {
					t.Errorf("after a change of %s the task runs: %v, the go command reads it: %v", file, got, reads[file])
				}
			}
		})
	}
}

// runsAgain runs a Go task of app, and reports whether it was not cached.
func runsAgain(t *testing.T, root string, env []string) bool {
	t.Helper()
	ran := false
	p, err := pipeline.New(root, pipeline.Task{
		Name: "build", Modules: []string{"app"}, GoBuild: []string{"./..."},
		Func: func(context.Context, pipeline.Call) error {
			ran = true
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), pipeline.Options{Tasks: []string{"build"}, Env: env, Stdout: io.Discard, Stderr: io.Discard}); err != nil {
		t.Fatal(err)
	}
	return ran
}

// What the module at the root reads alone is no other task's, though both find what is vendored in one folder.
func TestTheRootAloneIsNotTheWorkspace(t *testing.T) {
	t.Parallel()
	needGo(t)
	root := t.TempDir()
	write(t, root, map[string]string{
		"go.work": "go 1.26.0\n\nuse (\n\t.\n\t./lib\n)\n",
		"go.mod":  "module example.com/app\n\ngo 1.26.0\n\nrequire example.com/lib v0.1.0\n", "app.go": "package app\n\nimport _ \"example.com/lib\"\n",
		"lib/go.mod": "module example.com/lib\n\ngo 1.26.0\n", "lib/lib.go": "package lib\n",
	})
	keys := func() map[string]string {
		t.Helper()
		build := pipeline.Task{Name: "together", Modules: []string{"."}, GoBuild: []string{"./..."}, Commands: [][]string{{"go", "build", "./..."}}}
		alone := build
		alone.Name, alone.Set = "alone", []string{"GOWORK=off"}
		p, err := pipeline.New(root, alone, build)
		if err != nil {
			t.Fatal(err)
		}
		return dryKeys(t, p, pipeline.Options{Tasks: []string{"alone", "together"}, Env: os.Environ()})
	}
	before := keys()
	write(t, root, map[string]string{"lib/lib.go": "package lib\n\nconst X = 1\n"})
	after := keys()
	if before["//#alone"] != after["//#alone"] {
		t.Error("an edit of what comes from elsewhere under GOWORK=off changes the key of a task that runs so")
	}
	if before["//#together"] == after["//#together"] {
		t.Error("an edit in the workspace does not change the key of a task that reads it")
	}
}
