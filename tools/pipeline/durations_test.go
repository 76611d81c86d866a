package pipeline_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline"
)

// Among tasks that can start, the one goes first from which the longest way leads to the end, by what they took before.
func TestLongestWayGoesFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{"go.work": "go 1.26.0\n", ".magpie/durations.json": `{"c#build": 1, "d#build": 5, "d#test": 10, "b#build": 2, "gone#build": 7}`}
	for _, m := range []string{"a", "b", "c", "d"} {
		files["go.work"] += "use ./" + m + "\n"
		files[m+"/go.mod"] = "module example.com/" + m + "\ngo 1.26.0\n"
	}
	write(t, dir, files)
	var order []string
	do := func(name string) pipeline.Task {
		return pipeline.Task{Name: name, Uncached: true, Func: func(_ context.Context, c pipeline.Call) error {
			order = append(order, c.Module+"#"+name)
			return nil
		}}
	}
	test := do("test")
	test.DependsOn = []string{"build"}
	test.Modules = []string{"d"}
	p, err := pipeline.New(dir, do("build"), test)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), pipeline.Options{Tasks: []string{"build", "test"}, Concurrency: 1, Stdout: io.Discard, Stderr: io.Discard}); err != nil {
		t.Fatal(err)
	}
	// What tasks took is looked up when the first runs; a has never run and counts as the others do on average.
	if got, want := strings.Join(order, " "), "a#build d#build d#test b#build c#build"; got != want {
		t.Errorf("the order was %s, want %s", got, want)
	}
	data, err := os.ReadFile(filepath.Join(dir, ".magpie/durations.json"))
	if err != nil {
		t.Fatal(err)
	}
	var kept map[string]float64
	if err := json.Unmarshal(data, &kept); err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(kept)), []string{"a#build", "b#build", "c#build", "d#build", "d#test", "gone#build"}; !slices.Equal(got, want) || kept["d#test"] >= 10 {
		t.Errorf("kept %v, want those of %v, renewed", kept, want)
	}
}
