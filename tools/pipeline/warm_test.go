package pipeline_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/tools/pipeline"
)

// BenchmarkWarm is a run in which nothing changed, from reading go.work on, over modules that import each other.
func BenchmarkWarm(b *testing.B) {
	for _, size := range []struct{ modules, files int }{{10, 20}, {100, 50}} {
		b.Run(fmt.Sprintf("%dx%d", size.modules, size.files), func(b *testing.B) {
			root, err := workspace(synthetic(size.modules, size.files))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = os.RemoveAll(root) })
			build := pipeline.Task{Name: "build", DependsOn: []string{"^build"}, GoBuild: []string{"./..."}, Outputs: []string{"out/*"}, Commands: [][]string{{"go", "version"}}}
			run := func() {
				p, err := pipeline.New(root, build)
				if err != nil {
					b.Fatal(err)
				}
				if err := p.Run(b.Context(), pipeline.Options{Tasks: []string{"build"}, Stdout: io.Discard, Stderr: io.Discard}); err != nil {
					b.Fatal(err)
				}
			}
			run()
			for b.Loop() {
				run()
			}
		})
	}
}

// synthetic is a workspace of modules, each of which imports the three before it.
func synthetic(modules, files int) map[string]string {
	tree := map[string]string{"go.work": "go 1.26.0\n"}
	for m := range modules {
		dir := fmt.Sprintf("m%d", m)
		tree["go.work"] += "use ./" + dir + "\n"
		mod := "module example.com/" + dir + "\ngo 1.26.0\n"
		var imports strings.Builder
		for dep := max(0, m-3); dep < m; dep++ {
			mod += fmt.Sprintf("require example.com/m%d v0.0.0\nreplace example.com/m%d => ../m%d\n", dep, dep, dep)
			fmt.Fprintf(&imports, "import _ \"example.com/m%d/p0\"\n", dep)
		}
		tree[filepath.Join(dir, "go.mod")] = mod
		for f := range files {
			name := fmt.Sprintf("%s/p%d/f%d.go", dir, f/10, f)
			tree[name] = fmt.Sprintf("package p%d\n\n%s\nconst F%d = %d\n", f/10, imports.String(), f, f)
		}
	}
	return tree
}
