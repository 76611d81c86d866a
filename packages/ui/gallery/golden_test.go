package gallery_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/packages/ui/gallery"
	"magpie.build/packages/ui/internal/htmltest"
)

var update = flag.Bool("update", false, "rewrite the goldens from what the examples render now")

func TestExamplesLookAsTheyDid(t *testing.T) {
	for _, c := range gallery.Components("/assets/ui.css") {
		for _, e := range c.Examples {
			t.Run(c.Name+"/"+e.Name, func(t *testing.T) {
				got := htmltest.Format(htmltest.Parse(t, e.Render))
				golden := filepath.Join("..", c.Name, "testdata", strings.ToLower(e.Name)+".golden")
				if *update {
					write(t, golden, got)
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatalf("%v\nrun the test with -update to write it", err)
				}
				if got != string(want) {
					t.Errorf("%s differs at %s\nlook at the change, then run with -update", golden, firstDifference(got, string(want)))
				}
			})
		}
	}
}

func TestNoGoldenIsLeftOver(t *testing.T) {
	goldens, err := filepath.Glob("../*/testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for _, c := range gallery.Components() {
		examples += len(c.Examples)
	}
	if len(goldens) != examples {
		t.Errorf("there are %d goldens for %d examples: remove those without one", len(goldens), examples)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "the line\n got " + g[i] + "\nwant " + w[i]
		}
	}
	return "its end"
}
