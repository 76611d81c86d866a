package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/tools/bench/internal/peers"
)

var turboProgram = flag.String("turbo", "", "turbo's own program, to repeat what its Go mode gets wrong; npm can have it: @turbo/linux-64")

// A workspace whose app imports a package by way of a module that no go.mod requires, and embeds a file that git ignores.
var falseHits = map[string]string{
	".gitignore":       "*.log\n.magpie/\n.turbo/\n/app/app\n",
	"go.work":          "go 1.26.0\n\nuse (\n\t./app\n\t./deep\n\t./middle\n)\n",
	"app/go.mod":       "module example.com/app\n\ngo 1.26.0\n",
	"app/main.go":      "package main\n\nimport (\n\t_ \"embed\"\n\n\t\"example.com/middle\"\n)\n\n//go:embed data.log\nvar data string\n\nfunc main() { print(data, middle.Text()) }\n",
	"app/data.log":     "old data ",
	"middle/go.mod":    "module example.com/middle\n\ngo 1.26.0\n",
	"middle/middle.go": "package middle\n\nimport \"example.com/deep\"\n\nfunc Text() string { return deep.Text }\n",
	"deep/go.mod":      "module example.com/deep\n\ngo 1.26.0\n",
	"deep/deep.go":     "package deep\n\nconst Text = \"old text\"\n",
}

// After these changes turbo's Go mode keeps the old program, and Magpie does not.
func TestOnlyTurboKeepsAnOldProgram(t *testing.T) {
	if *turboProgram == "" {
		t.Skip("there is no turbo to compare with; -turbo names it")
	}
	root, err := workspaceRoot()
	if err != nil {
		t.Fatal(err)
	}
	magpie, err := peers.Build(t.Context(), filepath.Join(root, "tools", "pipeline"), "magpie.build/tools/pipeline/cmd/magpie", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, file, from, to string }{
		{"an import without require", "deep/deep.go", "old text", "new text"},
		{"an embedded file that git ignores", "app/data.log", "old data", "new data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []struct {
				program, want string
				files         map[string]string
			}{
				{magpie, c.to, withPipeline},
				{*turboProgram, c.from, peers.TurboGo()},
			} {
				dir := t.TempDir()
				for _, files := range []map[string]string{falseHits, r.files} {
					for name, text := range files {
						put(t, filepath.Join(dir, filepath.FromSlash(name)), strings.ReplaceAll(text, "ROOT", filepath.ToSlash(root)))
					}
				}
				if err := commit(t.Context(), dir); err != nil {
					t.Fatal(err)
				}
				build(t, dir, r.program)
				put(t, filepath.Join(dir, filepath.FromSlash(c.file)), strings.Replace(falseHits[c.file], c.from, c.to, 1))
				if got := build(t, dir, r.program); !strings.Contains(got, r.want) {
					t.Errorf("%s: the program says %q, want %q", filepath.Base(r.program), got, r.want)
				}
			}
		})
	}
}

// withPipeline makes the workspace one of ours.
var withPipeline = map[string]string{
	"go.work": "go 1.26.0\n\nuse (\n\t./app\n\t./deep\n\t./middle\n\tROOT/tools/pipeline\n)\n",
	"magefile.go": `//go:build mage

package main

import (
	"context"
	"os"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/cli"
)

var magpie = cli.Take(&os.Args, pipeline.Task{
	Name: "build", Modules: []string{"app"}, GoBuild: []string{"."}, Outputs: []string{"app"}, Commands: [][]string{{"go", "build", "."}},
})

// Magpie runs all commands.
func Magpie(ctx context.Context) error { return magpie.Run(ctx) }
`,
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// build has a runner build the app, and returns what the app says.
func build(t *testing.T, dir, runner string) string {
	t.Helper()
	args := []string{"build"}
	if filepath.Base(runner) != "magpie" {
		args = []string{"run", "build"}
	}
	cmd := exec.CommandContext(t.Context(), runner, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", runner, err, out)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "app", "app")).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
