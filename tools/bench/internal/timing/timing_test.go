package timing_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/bench/internal/timing"
)

func TestEachCommandRunsAsOftenAsAsked(t *testing.T) {
	var progress strings.Builder
	times, err := timing.Interleaved(
		t.Context(), 3, &progress,
		timing.Command{Name: "version", Argv: []string{"go", "version"}},
		timing.Command{Name: "env", Argv: []string{"go", "env", "GOOS", "GOARCH"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"version", "env"} {
		m := times[i]
		if m.Name != name || len(m.Wall) != 3 || !slices.IsSorted(m.Wall) || m.Min() > m.Median() || m.Median() > m.Max() || m.Says == "" {
			t.Errorf("got %+v", m)
		}
		if !strings.Contains(progress.String(), name+": first run") {
			t.Errorf("progress does not name %s: %s", name, &progress)
		}
	}
}

func TestFailingCommandIsNamedWithItsOutput(t *testing.T) {
	_, err := timing.Interleaved(t.Context(), 1, t.Output(), timing.Command{Name: "x", Argv: []string{"go", "biuld"}})
	if err == nil || !strings.Contains(err.Error(), "go biuld") || !strings.Contains(err.Error(), "unknown command") {
		t.Errorf("got %v", err)
	}
}

func TestStatAllLeavesOutWhatDoesNotCount(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b/c", ".git/x", "dist/y"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, files, err := timing.StatAll(t.Context(), dir, 5)
	if err != nil || files != 2 || len(got.Wall) != 5 || got.MedianCPU() != 0 {
		t.Errorf("got %+v, %d files, %v", got, files, err)
	}
}
