package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBundlesAndChecks(t *testing.T) {
	dir := t.TempDir()
	entry, out := filepath.Join(dir, "app.ts"), filepath.Join(dir, "dist")
	if err := os.WriteFile(entry, []byte("console.log(1)"), 0o644); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		args []string
		want string // part of the error
	}{
		{[]string{"-out=" + out, "-check", entry}, "out of date: app.js"},
		{[]string{"-out=" + out, entry}, ""},
		{[]string{"-out=" + out, "-check", entry}, ""},
		{[]string{"-out=" + out}, "no entry given"},
		{[]string{"-out=" + out, filepath.Join(dir, "none.ts")}, "none.ts"},
		{[]string{"-outdir=x", entry}, "-outdir"},
	}
	for _, step := range steps {
		var stderr bytes.Buffer
		err := run(step.args, &stderr)
		if step.want == "" && err != nil || step.want != "" && (err == nil || !strings.Contains(err.Error(), step.want)) {
			t.Errorf("bundle %s: the error is %v, want %q in it", strings.Join(step.args, " "), err, step.want)
		}
	}
}
