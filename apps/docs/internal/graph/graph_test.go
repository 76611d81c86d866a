package graph_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"magpie.build/apps/docs/internal/graph"
)

var update = flag.Bool("update", false, "rewrite the golden file")

var nodes = []graph.Node{
	{Name: "site", Href: "#site", DependsOn: []string{"build", "gone"}},
	{Name: "build", Href: "#build", DependsOn: []string{"generate"}},
	{Name: "test", Href: "#test", DependsOn: []string{"generate"}},
	{Name: "generate", Href: "#generate"},
}

func TestThePictureIsAsBefore(t *testing.T) {
	got := graph.SVG("Tasks", nodes)
	if *update {
		if err := os.WriteFile("testdata/tasks.golden", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/tasks.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the picture changed; run with -update if it should\n%s", got)
	}
}

func TestWhatDependsOnNothingStandsFirst(t *testing.T) {
	got := graph.SVG("Tasks", nodes)
	if strings.Count(got, `class="graph-edge"`) != 3 {
		t.Errorf("three edges lead to nodes that exist: %s", got)
	}
	if strings.Index(got, ">generate<") > strings.Index(got, ">build<") || strings.Index(got, ">build<") > strings.Index(got, ">site<") {
		t.Errorf("generate, build, site is the order: %s", got)
	}
}

func TestACycleIsDrawnAllTheSame(t *testing.T) {
	got := graph.SVG("", []graph.Node{{Name: "a", DependsOn: []string{"b"}}, {Name: "b", DependsOn: []string{"a"}}, {Name: "c", DependsOn: []string{"c"}}})
	for _, name := range []string{"a", "b", "c"} {
		if !strings.Contains(got, ">"+name+"<") {
			t.Errorf("no box for %s in %s", name, got)
		}
	}
}
