package pipeline_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
	mage := exec.CommandContext(t.Context(), "go", "tool", "mage", "-l")
	mage.Dir = tree
	mage.Env = append(os.Environ(), "MAGEFILE_CACHE="+t.TempDir())
	out, err := mage.CombinedOutput()
	if err != nil {
		t.Fatalf("go tool mage -l: %v\n%s", err, out)
	}
	for target := range strings.FieldsSeq("build test lint format generate dev docs bench ci clean doctor graph") {
		if !strings.Contains(string(out), "\n  "+target+" ") {
			t.Errorf("there is no target %s, or it has no line of help:\n%s", target, out)
		}
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
		case filepath.Ext(base) != ".go" && !strings.HasPrefix(base, "go."):
			return nil
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
