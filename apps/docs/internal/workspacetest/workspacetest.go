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
func Write(tb testing.TB, archive string) string {
	tb.Helper()
	root, err := filepath.EvalSymlinks(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		Put(tb, root, f.Name, f.Data)
	}
	return root
}

// Put writes one file of a workspace, given by its name with slashes.
func Put(tb testing.TB, root, name string, data []byte) {
	tb.Helper()
	full := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(full, data, 0o644); err != nil {
		tb.Fatal(err)
	}
}
