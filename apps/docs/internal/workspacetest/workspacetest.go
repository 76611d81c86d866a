// Package workspacetest writes a whole workspace from one string, for tests that read or build
// the documentation of one.
package workspacetest

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"
)

// Write unpacks a txtar archive into a folder of the test's own and returns the folder.
func Write(t testing.TB, archive string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		Put(t, root, f.Name, f.Data)
	}
	return root
}

// Put writes one file of a workspace, given by its name with slashes.
func Put(t testing.TB, root, name string, data []byte) {
	t.Helper()
	full := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
