package revision_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/revision"
)

// none knows no headers.
type none struct{}

func (none) Load(string) (gosource.Header, bool)         { return gosource.Header{}, false }
func (none) Store(_ string, _ []byte, _ gosource.Header) {}

// A tree lists the folders of its commit, whatever has become of them, and has the headers of files that differ.
func TestATreeIsThatOfItsCommit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git command on PATH")
	}
	root := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		full := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q")
	write("same/same.go", "package same\n")
	write("a/edited.go", "package a\n\nimport _ \"before\"\n")
	write("a/deep/er/gone.go", "package er\n")
	write("swapped", "a file")
	git("add", ".")
	git("commit", "-q", "-m", "x")
	write("a/edited.go", "package a\n\nimport _ \"after\"\n")
	write("a/new.go", "package a\n")
	write("b/new.go", "package b\n")
	if err := os.RemoveAll(filepath.Join(root, "a", "deep")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(root, "swapped")); err != nil {
		t.Fatal(err)
	}
	write("swapped/now.go", "package folder\n")

	source := gosource.Config{Headers: none{}, ReadDir: func(dir string) ([]fs.DirEntry, error) {
		return os.ReadDir(filepath.Join(root, filepath.FromSlash(dir)))
	}}
	tree, err := revision.Open(t.Context(), root, "HEAD", source)
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		".": ".git/ a/ b/ same/ swapped", "a": "deep/ edited.go", "a/deep": "er/", "a/deep/er": "gone.go", "same": "same.go", "b": "",
	} {
		entries, err := tree.ReadDir(dir)
		if err != nil {
			t.Errorf("list %s: %v", dir, err)
		}
		var names []string
		for _, e := range entries {
			name := e.Name()
			if e.IsDir() {
				name += "/"
			}
			names = append(names, name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s holds %q, want %q", dir, got, want)
		}
	}
	if _, err := tree.ReadDir("nowhere"); err == nil {
		t.Error("a folder that there is in neither state is listed")
	}
	if header, ok := tree.Load("a/edited.go"); !ok || len(header.Imports) != 1 || header.Imports[0] != "before" {
		t.Errorf("a/edited.go says %v, %v", header, ok)
	}
	if header, ok := tree.Load("a/deep/er/gone.go"); !ok || header.Package != "er" {
		t.Errorf("a/deep/er/gone.go says %v, %v", header, ok)
	}
	if _, ok := tree.Load("same/same.go"); ok {
		t.Error("same/same.go differs")
	}
}
