package pipeline_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/internal/reads"
)

// What a test reads by way of a program that it starts is in no log of the test: it is found when somebody watches.
func TestReadsOfProgramsThatTestsStart(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs the go command")
	}
	needGo(t)
	if _, err := reads.Command("log", "go"); errors.Is(err, reads.ErrNone) {
		t.Skip(err)
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, map[string]string{
		"go.work": "go 1.26.0\nuse ./a\n", "a/go.mod": "module example.com/a\ngo 1.26.0\n",
		"a/a_test.go": "package a\n\nimport (\"os\"; \"os/exec\"; \"testing\")\n\nfunc TestCat(t *testing.T) { if _, err := os.ReadFile(\"../own.txt\"); err != nil { t.Fatal(err) }; " +
			"if out, err := exec.Command(\"cat\", \"../child.txt\").CombinedOutput(); err != nil { t.Fatal(err, out) } }\n",
		"own.txt": "x", "child.txt": "x",
	})
	run := func(undeclared bool, inputs ...string) (said string, err error) {
		t.Helper()
		p, err := pipeline.New(root, pipeline.Task{
			Name: "test", GoTest: []string{"./..."}, ByPackage: true, Inputs: inputs, Commands: [][]string{{"go", "test", "./..."}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		err = p.Run(t.Context(), pipeline.Options{Tasks: []string{"test"}, Env: os.Environ(), Undeclared: undeclared, Stdout: &out, Stderr: &out})
		return out.String(), err
	}
	said, err := run(true)
	if err == nil || !strings.Contains(said, "read files that it does not declare:\n") || !strings.Contains(said, `hint: add to its Inputs: "//child.txt"`) || strings.Contains(said, "own.txt") {
		t.Errorf("watched: %v\n%s", err, said)
	}
	if said, err := run(true, "//child.txt"); err != nil || !strings.Contains(said, "0 cached, 1 run") {
		t.Errorf("watched, with the file declared: %v\n%s", err, said)
	}
	if said, err := run(false, "//child.txt"); err != nil || !strings.Contains(said, "1 cached, 0 run") {
		t.Errorf("once more: %v\n%s", err, said)
	}
	write(t, root, map[string]string{"child.txt": "y"})
	if said, err := run(false, "//child.txt"); err != nil || !strings.Contains(said, "0 cached, 1 run") {
		t.Errorf("after a change of the file: %v\n%s", err, said)
	}
}
