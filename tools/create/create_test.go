package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// small is a workspace that holds one file of each kind.
var small = map[string]string{
	"go.work":                 "go 1.26.0\n\nuse (\n\t./apps/a\n\t./packages/b\n)\n",
	".gitignore":              "/.magpie/\n/apps/*/dist/\n*.out\n!keep.out\n",
	"README.md":               "# House\n\nold.dev/apps/a\n",
	"CHANGELOG.md":            "long ago\n",
	"apps/a/go.mod":           "module old.dev/apps/a\n\ngo 1.26.0\n\nrequire old.dev/packages/b v0.0.0\n\nreplace old.dev/packages/b => ../../packages/b\n",
	"apps/a/main.go":          "package main\n\nimport \"old.dev/packages/b\"\n\nfunc main() { println(b.Name) }\n",
	"apps/a/dist/a":           "built",
	"packages/b/go.mod":       "module old.dev/packages/b\n\ngo 1.26.0\n",
	"packages/b/b.go":         "// Package b has a name.\npackage b\n\n// Name is the name.\nconst Name = \"old.dev\"\n",
	"packages/b/cover.out":    "old.dev",
	"packages/b/keep.out":     "kept",
	"packages/b/testdata/x":   "\x00\xff",
	"tools/pin/go.mod":        "module old.dev/tools/pin\n",
	"tools/run.sh":            "#!/bin/sh\n",
	".magpie/cache":           "cached",
	".github/workflows/c.yml": "on: push\n",
}

// plant writes the small workspace with changes, where an empty text takes a file away, and goes there.
func plant(t *testing.T, changes map[string]string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "house")
	for name, text := range small {
		if change, ok := changes[name]; ok {
			text = change
		}
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(root, "tools", "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	return root
}

func create(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = run(t.Context(), args, &out, t.Output())
	return out.String(), err
}

// snapshot returns what a folder holds, without git's own files.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() != ".git" {
			return err
		}
		if entry.IsDir() {
			return fs.SkipDir
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		info, _ := entry.Info()
		files[filepath.ToSlash(name)] = info.Mode().String() + "\n" + string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestWithAndWithoutGitTheSameFilesAreCarriedOver(t *testing.T) {
	root := plant(t, nil)
	if _, err := create(t, "-module=new.org/x", "-git=false", "../plain"); err != nil {
		t.Fatal(err)
	}
	runGit(t, root, "init", "-q")
	if _, err := create(t, "-module=new.org/x", "-git=false", "../tracked"); err != nil {
		t.Fatal(err)
	}
	plain, tracked := snapshot(t, "../plain"), snapshot(t, "../tracked")
	for name := range small {
		ignored := strings.HasPrefix(name, ".magpie/") || strings.Contains(name, "/dist/") || name == "packages/b/cover.out"
		if _, there := plain[name]; there == ignored {
			t.Errorf("%s: carried over is %v", name, there)
		}
		if plain[name] != tracked[name] {
			t.Errorf("%s differs:\n%q\n%q", name, plain[name], tracked[name])
		}
	}
	if len(plain) != len(tracked) {
		t.Errorf("%d files without git, %d with it", len(plain), len(tracked))
	}
	if !strings.HasPrefix(plain["tools/run.sh"], "-rwxr-xr-x") && os.PathSeparator == '/' {
		t.Errorf("run.sh is no longer executable: %q", plain["tools/run.sh"])
	}
	for name, text := range plain {
		if strings.Contains(text, "old.dev") {
			t.Errorf("%s still names the old path:\n%s", name, text)
		}
	}
}

func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestCreateTwiceGivesTheSameBytes(t *testing.T) {
	plant(t, nil)
	for _, target := range []string{"../one", "../two"} {
		if _, err := create(t, "-module=new.org/x", target); err != nil {
			t.Fatal(err)
		}
	}
	one, two := snapshot(t, "../one"), snapshot(t, "../two")
	for name, text := range one {
		if two[name] != text {
			t.Errorf("%s differs", name)
		}
	}
}

func TestFirstCommitIsMadeByWhoGitKnows(t *testing.T) {
	plant(t, nil)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	out, err := create(t, "-module=new.org/x", "../nobody")
	if err != nil || !strings.Contains(out, "git knows no user.name") {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err := os.Stat("../nobody/.git"); err == nil {
		t.Error("there is a repository of nobody's")
	}

	config := filepath.Join(t.TempDir(), "gitconfig")
	if err := os.WriteFile(config, []byte("[user]\n\tname = Ada\n\temail = ada@example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	out, err = create(t, "-module=new.org/x", "../ada")
	if err != nil || !strings.Contains(out, "first commit") {
		t.Errorf("got %q, %v", out, err)
	}
	if log := runGit(t, "../ada", "log", "--format=%an %s"); log != "Ada Start the workspace\n" {
		t.Errorf("the log is %q", log)
	}
	if status := runGit(t, "../ada", "status", "--porcelain"); status != "" {
		t.Errorf("not committed: %s", status)
	}
}

func TestNextStepsAndTheEqualCommandArePrinted(t *testing.T) {
	plant(t, nil)
	out, err := create(t, "-git=false", "-module", "new.org/x", "../new")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cd ../new", "go tool mage dev", "go run ./tools/create -module=new.org/x -git=false ../new"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

func TestDryRunListsAndWritesNothing(t *testing.T) {
	plant(t, nil)
	out, err := create(t, "-module=new.org/x", "-dry-run", "../new")
	if err != nil || !strings.Contains(out, "apps/a/main.go (rewritten)\n") || !strings.Contains(out, "tools/run.sh\n") {
		t.Errorf("got %q, %v", out, err)
	}
	if entries, err := os.ReadDir(".."); err != nil || len(entries) != 1 {
		t.Errorf("beside the house there is %v, %v", entries, err)
	}
}

func TestEmptyFolderIsFilled(t *testing.T) {
	plant(t, nil)
	if err := os.Mkdir("../empty", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := create(t, "-module=new.org/x", "-git=false", "../empty"); err != nil {
		t.Error(err)
	}
}

func TestMistakesAreNamedAndLeaveNothing(t *testing.T) {
	tests := []struct {
		name    string
		changes map[string]string
		args    []string
		want    string
	}{
		{"no module", nil, []string{"../new"}, "which module path"},
		{"no folder", nil, []string{"-module=new.org/x"}, "which module path"},
		{"bad module path", nil, []string{"-module=New Org", "../new"}, "a path such as example.com/acme"},
		{"no dot in the path", nil, []string{"-module=acme", "../new"}, "missing dot"},
		{"the same path", nil, []string{"-module=old.dev", "../new"}, "choose your own"},
		{"not empty", nil, []string{"-module=new.org/x", ".."}, ".. is not empty (it holds house)"},
		{"a file", nil, []string{"-module=new.org/x", "README.md"}, "README.md cannot be used"},
		{"inside this workspace", nil, []string{"-module=new.org/x", "apps/new"}, "lies inside the workspace"},
		{"a module of another path", map[string]string{"packages/b/go.mod": "module other.dev/b\n"}, []string{"-module=new.org/x", "../new"}, "packages/b/go.mod declares module other.dev/b"},
		{"a broken file", map[string]string{"apps/a/main.go": "old.dev"}, []string{"-module=new.org/x", "../new"}, "rewrite apps/a/main.go"},
		{"a rule for git alone", map[string]string{".gitignore": "a/**/b"}, []string{"-module=new.org/x", "../new"}, "read by git alone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plant(t, tt.changes)
			_, err := create(t, tt.args...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if entries, err := os.ReadDir(".."); err != nil || len(entries) != 1 {
				t.Errorf("beside the house there is %v, %v", entries, err)
			}
		})
	}
}

func TestOutsideAWorkspaceIsNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := create(t, "-module=new.org/x", "new"); err == nil || !strings.Contains(err.Error(), "no go.work in") {
		t.Errorf("got %v", err)
	}
}

func TestInterruptLeavesNothing(t *testing.T) {
	plant(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, []string{"-module=new.org/x", "../new"}, t.Output(), t.Output()); err == nil {
		t.Error("an interrupted run says that all is well")
	}
	if entries, err := os.ReadDir(".."); err != nil || len(entries) != 1 {
		t.Errorf("beside the house there is %v, %v", entries, err)
	}
}
