package pipeline_test

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline"
)

// Mage compiles the magefile before anything can generate code, so it must compile where nothing is
// generated yet: in a tree without a single *_templ.go and without bundles.
func TestMagefileNeedsNoGeneratedCode(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles the magefile")
	}
	tree := t.TempDir()
	copyTree(t, tree)
	cache := t.TempDir()
	mage := func(args ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "go", append([]string{"tool", "mage"}, args...)...)
		command.Dir = tree
		command.Env = append(os.Environ(), "MAGEFILE_CACHE="+cache, "GOFLAGS=-trimpath") // so that the folder is no reason to compile anew
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("go tool mage %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	list := mage("-l") // read from the source, compiled only by what follows
	for target := range strings.FieldsSeq("build test lint format generate dev docs bench ci clean doctor graph") {
		if !strings.Contains(list, "\n  "+target+" ") {
			t.Errorf("there is no target %s, or it has no line of help:\n%s", target, list)
		}
	}
	if help := mage("build", "-h"); !strings.Contains(help, "\n  -filter=") {
		t.Errorf("the help of build shows no flags:\n%s", help)
	}
	if help := mage("-h", "build"); !strings.Contains(help, "mage build -h") {
		t.Errorf("mage's own help of build does not say how to see the flags:\n%s", help)
	}
}

// What the magefile imports may not depend on the modules whose code it generates.
func TestPipelineImportsNoneOfItsSubjects(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		if rest, ours := strings.CutPrefix(path, "magpie.build/"); ours && !strings.HasPrefix(rest, "tools/pipeline") {
			t.Errorf("tools/pipeline depends on %s; it must build before anything else does", path)
		}
	}
}

var update = flag.Bool("update", false, "rewrite the golden files")

// What depends on what in this workspace changes on purpose only: `go test -run GraphOfThisWorkspace -update` writes it down anew.
func TestGraphOfThisWorkspace(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles the magefile")
	}
	mage := exec.CommandContext(t.Context(), "go", "tool", "mage", "graph", "-json")
	mage.Dir = filepath.Join("..", "..")
	out, err := mage.Output()
	if err != nil {
		t.Fatalf("go tool mage graph -json: %v", err)
	}
	var graph pipeline.Graph
	if err := json.Unmarshal(out, &graph); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, task := range graph.Tasks {
		lines = append(lines, strings.TrimSpace(task.ID+" -> "+strings.Join(task.DependsOn, " "))+"\n")
	}
	slices.Sort(lines)
	got := strings.Join(lines, "")
	const golden = "testdata/graph.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(got) {
		if !strings.Contains("\n"+string(want), "\n"+line) {
			t.Errorf("new: %s", line)
		}
	}
	for line := range strings.Lines(string(want)) {
		if !strings.Contains("\n"+got, "\n"+line) {
			t.Errorf("gone: %s", line)
		}
	}
	if t.Failed() {
		t.Error("if that is meant: go test -run GraphOfThisWorkspace -update")
	}
}

// What the magefile gives to programs and tests of this workspace they have to know: nothing else runs those that take long.
func TestMagefileGivesFlagsThatThereAre(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles programs and tests")
	}
	root := filepath.Join("..", "..")
	dry := exec.CommandContext(t.Context(), "go", "tool", "mage", "bench", "chaos", "cluster", "test-long", "test-javascript", "-only", "-dry=json")
	dry.Dir = root
	out, err := dry.Output()
	if err != nil {
		t.Fatalf("go tool mage -dry=json: %v", err)
	}
	var all struct {
		Tasks []struct{ TaskID, Command, Directory string }
	}
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	asked := make(map[string]bool)
	for _, task := range all.Tasks {
		for text := range strings.SplitSeq(task.Command, " && ") {
			asked[task.TaskID] = true
			args := strings.Fields(text)
			if args[1] == "run" {
				args = append(args, "-h")
			} else {
				args = append(args, "-test.list=^$")
			}
			command := exec.CommandContext(t.Context(), args[0], args[1:]...)
			command.Dir = filepath.Join(root, filepath.FromSlash(task.Directory))
			if said, err := command.CombinedOutput(); err != nil || strings.Contains(string(said), "not defined") {
				t.Errorf("%s: %s: %v\n%s", task.TaskID, text, err, said)
			}
		}
	}
	if len(asked) != 6 {
		t.Errorf("only %v say what they run", asked)
	}
}

// copyTree copies the workspace's Go files, without those that are generated.
func copyTree(t *testing.T, to string) {
	t.Helper()
	const root = "../.."
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		base := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && (base == "dist" || base == "testdata" || strings.HasPrefix(base, ".") && base != ".."):
			return fs.SkipDir
		case entry.IsDir(), strings.HasSuffix(base, "_templ.go"):
			return nil
		case filepath.Ext(base) != ".go" && !strings.HasPrefix(base, "go.") && !strings.HasPrefix(filepath.ToSlash(name), root+"/tools/pipeline/"):
			return nil // only what this module embeds is needed
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, rel)), 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}
