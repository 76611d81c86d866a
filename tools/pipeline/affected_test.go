package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/internal/workspacetest"
)

// After every random edit, a task whose key is another one than before is among the affected tasks; and it makes no difference whether the edit is
// committed yet.
func TestAffectedHoldsEveryTaskWhoseKeyChanged(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("edits a repository many times")
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git command on PATH")
	}
	needGo(t)
	elsewhere := serveElsewhere(t)
	const workspaces = 2
	for n := range uint64(workspaces) {
		seed := *propertySeed + n
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, elsewhere, seed)
			if n%2 == 1 {
				r.author.Favour(workspacetest.Sums, workspacetest.Imports)
			}
			var changed, affected, all int
			for n := range *propertyEdits / 5 / workspaces { // each asks for all keys and for all affected tasks, twice
				c, a, total := r.edit(t, n)
				changed, affected, all = changed+c, affected+a, all+total
			}
			t.Logf("of %d keys %d changed and %d were affected", all, changed, affected)
			if affected == 0 || affected > all/2 {
				t.Errorf("of %d tasks %d were affected, where the keys of %d changed: that says nothing", all, affected, changed)
			}
		})
	}
}

// A repository is a random workspace under git.
type repository struct {
	root   string
	author *workspacetest.Author
	env    []string
	edits  []string
}

func newRepository(t *testing.T, elsewhere []string, seed uint64) *repository {
	t.Helper()
	author, err := workspacetest.New(seed)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := author.Tree.Write(root); err != nil {
		t.Fatal(err)
	}
	r := &repository{root: root, author: author, env: slices.Concat(os.Environ(), elsewhere, []string{"GOFLAGS=", "MAGPIE_SCM_BASE=", "GITHUB_BASE_REF="})}
	if err := os.Remove(filepath.Join(root, ".gitignore")); err != nil { // what git never sees is no change to it
		t.Fatal(err)
	}
	r.git(t, "init", "-q", "-b", "main")
	if err := os.WriteFile(filepath.Join(root, ".git", "info", "exclude"), []byte(".magpie\nout\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.commit(t)
	return r
}

func (r *repository) git(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "core.autocrlf=false"}, args...)...)
	cmd.Dir = r.root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (r *repository) commit(t *testing.T) {
	t.Helper()
	r.git(t, "add", "--all")
	r.git(t, "commit", "-q", "--allow-empty", "-m", "edit")
}

// edit changes files and compares. It returns how many keys changed, how many tasks were affected, and of how many.
func (r *repository) edit(t *testing.T, n int) (changed, affected, all int) {
	t.Helper()
	before := r.keys(t)
	e := r.author.Edit()
	r.edits = append(r.edits, e.String())
	for _, op := range e.Ops {
		if op.IsVariable {
			continue // no affair of git's
		}
		if err := op.Write(r.root, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	after := r.keys(t)
	if before == nil || after == nil {
		r.commit(t)
		return 0, 0, 0 // no workspace at all
	}
	uncommitted := r.affected(t, pipeline.Options{Base: "HEAD"})
	r.commit(t)
	if committed := r.affected(t, pipeline.Options{Base: "HEAD~1", Head: "HEAD"}); !slices.Equal(committed, uncommitted) {
		t.Fatalf("edit %d: affected before the commit: %v, after it: %v\n%s", n, uncommitted, committed, e)
	}
	onlySums := !slices.ContainsFunc(e.Ops, func(op workspacetest.Op) bool { return path.Base(op.Name) != "go.sum" && op.Name != "go.work.sum" })
	for _, id := range uncommitted {
		if onlySums && before[id] == after[id] && !strings.HasSuffix(id, "#whole") {
			t.Fatalf("edit %d: %s is affected by lines of checksums that its key does not hold\n%s", n, id, e)
		}
	}
	for id, key := range after {
		if before[id] != "" && before[id] != key {
			changed++
			if !slices.Contains(uncommitted, id) {
				t.Fatalf("edit %d: the key of %s changed, but only %v are affected\n%s", n, id, uncommitted, e)
			}
		}
	}
	return changed, len(uncommitted), len(after)
}

// open joins the tasks to the workspace as it is now. It returns nil where that is none.
func (r *repository) open() *pipeline.Pipeline {
	var tasks []pipeline.Declaration
	for i, set := range configurations {
		tasks = append(tasks,
			pipeline.Task{Name: fmt.Sprintf("build-%d", i), Set: set, GoBuild: []string{"./..."}, Inputs: []string{"conf/**"}, Outputs: []string{fmt.Sprintf("out/b%d", i)}, Commands: [][]string{{"true"}}},
			pipeline.Task{Name: fmt.Sprintf("test-%d", i), Set: set, GoTest: []string{"./..."}, Outputs: []string{fmt.Sprintf("out/t%d", i)}, Commands: [][]string{{"true"}}},
		)
	}
	tasks = append(tasks,
		pipeline.Task{Name: "alone", Set: []string{"GOWORK=off"}, GoTest: []string{"./..."}, Commands: [][]string{{"true"}}},
		pipeline.Task{Name: "trimmed", GoBuild: []string{"./..."}, Inputs: []string{"conf/**", "!first.go"}, Commands: [][]string{{"true"}}})
	tasks = append(tasks, pipeline.Task{Name: "whole", Inputs: []string{"**", "!out/**"}, Commands: [][]string{{"true"}}}, pipeline.Task{Name: "texts", Inputs: []string{"**/*.txt", "!static/**"}, Commands: [][]string{{"true"}}})
	p, err := pipeline.New(r.root, tasks...)
	if err != nil {
		return nil
	}
	return p
}

// keys returns the keys of all tasks, nil where there is no workspace.
func (r *repository) keys(t *testing.T) map[string]string {
	t.Helper()
	p := r.open()
	if p == nil {
		return nil
	}
	names := []string{"whole", "texts", "alone", "trimmed"}
	for i := range configurations {
		names = append(names, fmt.Sprintf("build-%d", i), fmt.Sprintf("test-%d", i))
	}
	return dryKeys(t, p, pipeline.Options{Tasks: names, Env: r.env})
}

// dryKeys returns the keys of tasks by their ids.
func dryKeys(t *testing.T, p *pipeline.Pipeline, o pipeline.Options) map[string]string {
	t.Helper()
	var out bytes.Buffer
	o.Dry, o.DryJSON, o.Stdout, o.Stderr = true, true, &out, io.Discard
	if err := p.Run(t.Context(), o); err != nil {
		t.Fatalf("dry run: %v", err)
	}
	var dry struct {
		Tasks []struct {
			TaskID string
			Hash   string
		}
	}
	if err := json.Unmarshal(out.Bytes(), &dry); err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]string)
	for _, task := range dry.Tasks {
		keys[task.TaskID] = task.Hash
	}
	return keys
}

func (r *repository) affected(t *testing.T, o pipeline.Options) []string {
	t.Helper()
	o.Env, o.Stdout, o.Stderr = r.env, io.Discard, io.Discard
	found, err := r.open().Affected(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, a := range found {
		if a.Reason != pipeline.GlobalFileChanged && len(a.Files) == 0 {
			t.Fatalf("%s is affected, and nothing says by what, after %s", a.ID, r.edits[len(r.edits)-1])
		}
		ids = append(ids, a.ID)
	}
	return ids
}

// A task that is a Go function is made of what the magefile imports.
func TestAffectedKnowsWhatFunctionsAreMadeOf(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git command on PATH")
	}
	root := t.TempDir()
	r := &repository{root: root, env: append(os.Environ(), "MAGPIE_SCM_BASE=", "GITHUB_BASE_REF=")}
	for name, text := range map[string]string{
		"go.work":     "go 1.26.0\nuse (\n./a\n./b\n)\n",
		"magefile.go": "//go:build mage\n\npackage main\n\nimport _ \"example.com/b/tasks\"\n",
		"a/go.mod":    "module example.com/a\ngo 1.26.0\n",
		"b/go.mod":    "module example.com/b\ngo 1.26.0\n", "b/tasks/tasks.go": "package tasks\n\nimport _ \"example.com/b/deep\"\n",
		"b/deep/deep.go": "package deep\n", "b/other/other.go": "package other\n",
	} {
		if err := (workspacetest.Op{Name: name, To: &workspacetest.File{Text: text}}).Write(root, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	r.git(t, "init", "-q", "-b", "main")
	r.commit(t)
	for name, want := range map[string]string{"b/other/other.go": "", "b/deep/deep.go": "a#function"} {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), []byte("package changed\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := pipeline.New(root,
			pipeline.Task{Name: "function", Modules: []string{"a"}, Inputs: []string{"go.mod"}, Func: func(context.Context, pipeline.Call) error { return nil }},
			pipeline.Task{Name: "command", Modules: []string{"a"}, Inputs: []string{"go.mod"}, Commands: [][]string{{"true"}}},
		)
		if err != nil {
			t.Fatal(err)
		}
		found, err := p.Affected(t.Context(), pipeline.Options{Base: "HEAD", Env: r.env, Stderr: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, a := range found {
			ids = append(ids, a.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("a change in %s affects %q, want %q", name, got, want)
		}
		r.commit(t)
	}
}

// What tests were seen to read counts, although nobody declared it.
func TestAffectedKnowsWhatTestsWereSeenToRead(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs tests")
	}
	needGo(t)
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git command on PATH")
	}
	r := &repository{root: t.TempDir(), env: append(os.Environ(), "MAGPIE_SCM_BASE=", "GITHUB_BASE_REF=")}
	tree := testedTree()
	tree[".gitignore"] = "/.magpie/\n"
	write(t, r.root, tree)
	r.git(t, "init", "-q", "-b", "main")
	r.commit(t)
	if said, _, err := testTask(t, r.root, []string{"go", "test", "./..."}); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, c := range []struct{ name, want string }{
		{"a/shared/words.txt", "a#test"},
		{"a/shared/more.txt", "a#test"}, // in a folder that is listed
		{"a/shared/deeper/more.txt", ""},
		{"a/unread/unread.txt", ""},
		{"elsewhere/outside.txt", ""},
	} {
		write(t, r.root, map[string]string{c.name: "changed"})
		p, err := pipeline.New(r.root, pipeline.Task{
			Name: "test", Modules: []string{"a"}, GoTest: []string{"./..."}, ByPackage: true, Commands: [][]string{{"go", "test", "./..."}},
		})
		if err != nil {
			t.Fatal(err)
		}
		found, err := p.Affected(t.Context(), pipeline.Options{Base: "HEAD", Env: r.env, Stderr: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, a := range found {
			got += a.ID
			if !slices.Equal(a.Files, []string{c.name}) {
				t.Errorf("%s is affected by %v, want %s", a.ID, a.Files, c.name)
			}
		}
		if got != c.want {
			t.Errorf("a change of %s affects %q, want %q", c.name, got, c.want)
		}
		r.commit(t)
	}
}
