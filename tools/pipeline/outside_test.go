package pipeline_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"magpie.build/tools/pipeline"
)

// outsideMagefile is all that a workspace needs beside a module that requires this one, which is MODULE.
const outsideMagefile = `//go:build mage

package main

import (
	"context"
	"os"

	"MODULE"
	"MODULE/cli"
)

var magpie = cli.Take(&os.Args, pipeline.Task{Name: "build", Help: "compiles", DependsOn: []string{"^build"}, Modules: []string{"!tools"},
	GoBuild: []string{"./..."}, Commands: [][]string{{"go", "build", "-o", os.DevNull, "./..."}}})

// Build compiles every module.
func Build(ctx context.Context) error { return magpie.Run(ctx, "build") }
// Magpie runs any task or command by name.
func Magpie(ctx context.Context) error { return magpie.Run(ctx) }
`

// Another workspace uses this module with a magefile of twenty lines, through both doors.
func TestAnotherWorkspace(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles a magefile")
	}
	if lines := strings.Count(outsideMagefile, "\n"); lines > 20 {
		t.Errorf("its magefile has %d lines, want at most 20", lines)
	}
	folder, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("MODULE", reflect.TypeFor[pipeline.Task]().PkgPath(), "FOLDER", filepath.ToSlash(folder)).Replace
	root, err := workspace(map[string]string{
		"magefile.go":  here(outsideMagefile),
		"go.work":      "go 1.26.0\n\nuse (\n\t./app\n\t./lib\n\t./tools\n)\n",
		"tools/go.mod": here("module example.com/tools\n\ngo 1.26.0\n\nrequire MODULE v0.0.0\n\nreplace MODULE => FOLDER\n\ntool (\n\tgithub.com/magefile/mage\n\tMODULE/cmd/magpie\n)\n"),
		"lib/go.mod":   "module example.com/lib\n\ngo 1.26.0\n",
		"lib/lib.go":   "package lib\n\nconst Word = \"lib\"\n",
		"app/go.mod":   "module example.com/app\n\ngo 1.26.0\n",
		"app/main.go":  "package main\n\nimport \"example.com/lib\"\n\nfunc main() { println(lib.Word) }\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	run := func(folder string, words string) string {
		t.Helper()
		args := strings.Fields(words)
		command := exec.CommandContext(t.Context(), args[0], args[1:]...)
		command.Dir = filepath.Join(root, folder)
		command.Env = append(os.Environ(), "GOFLAGS=-modcacherw", "GOWORK=", "MAGEFILE_CACHE="+filepath.Join(root, ".mage"))
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", words, err, out)
		}
		return string(out)
	}
	run("tools", "go mod tidy")
	for _, step := range []struct{ folder, words, want string }{
		{"", "go tool mage build", "2 tasks: 0 cached, 2 run, 0 failed"},
		{"app", "go tool magpie build --filter app... ", "2 tasks: 2 cached, 0 run, 0 failed"},
		{"", "go tool mage build -filter=lib", "1 task: 1 cached"},
		{"lib", "go tool magpie build", "1 task: 1 cached"},
		{"app", "go tool magpie ls", "example.com/lib"},
		{"", "go tool mage magpie info app", "depends on  lib"},
		{"", "go tool mage info app", "depends on  lib"},
		{"", "go tool mage app#build -dry", "app#build"},
		{"", "go tool magpie", "build  compiles"},
	} {
		if out := run(step.folder, step.words); !strings.Contains(out, step.want) {
			t.Errorf("%s in %q says\n%s\nwant %s", step.words, step.folder, out, step.want)
		}
	}
}
