package gosource_test

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/golist"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/workspace"
)

// goList has the go command answer the question of Build and Test.
func goList(t *testing.T, root string, config gosource.Config, pattern string) (build, test golist.Set) {
	t.Helper()
	cgo := "0"
	if config.CGO {
		cgo = "1"
	}
	answer, err := golist.Ask(t.Context(), golist.Question{
		Root:  root,
		Env:   append(os.Environ(), "GOOS="+config.GOOS, "GOARCH="+config.GOARCH, "CGO_ENABLED="+cgo, "GOFLAGS=", "GOWORK=", "GOPROXY=off"),
		Flags: []string{"-tags=" + strings.Join(config.Tags, ",")}, Patterns: []string{pattern},
	})
	if err != nil {
		t.Fatal(err)
	}
	if build, err = answer.Build(""); err != nil {
		t.Fatal(err)
	}
	if test, err = answer.Test(""); err != nil {
		t.Fatal(err)
	}
	return build, test
}

// ask answers the same question by the reader.
func ask(t *testing.T, ws *workspace.Workspace, config gosource.Config, tests bool, dirs ...string) gosource.Inputs {
	t.Helper()
	reader := gosource.New(ws, config)
	read := reader.Build
	if tests {
		read = reader.Test
	}
	inputs, err := read(dirs...)
	if err != nil {
		t.Fatal(err)
	}
	return inputs
}

func load(tb testing.TB, root string) *workspace.Workspace {
	tb.Helper()
	ws, err := workspace.Load(root)
	if err != nil {
		tb.Fatal(err)
	}
	return ws
}

// platforms are configurations that differ in every way that matters.
func platforms() map[string]gosource.Config {
	return map[string]gosource.Config{
		"here":          {GOOS: runtime.GOOS, GOARCH: runtime.GOARCH},
		"linux cgo":     {GOOS: "linux", GOARCH: "amd64", CGO: true, Tags: []string{"special"}},
		"windows":       {GOOS: "windows", GOARCH: "amd64"},
		"darwin":        {GOOS: "darwin", GOARCH: "arm64", Tags: []string{"race"}},
		"ios":           {GOOS: "ios", GOARCH: "arm64", CGO: true},
		"android":       {GOOS: "android", GOARCH: "arm64"},
		"illumos":       {GOOS: "illumos", GOARCH: "amd64"},
		"webassembly":   {GOOS: "js", GOARCH: "wasm"},
		"s390x special": {GOOS: "linux", GOARCH: "s390x", Tags: []string{"special", "other"}},
	}
}

// compare asks both for one folder pattern, to build and to test.
func compare(t *testing.T, ws *workspace.Workspace, config gosource.Config, dir string) {
	t.Helper()
	build, test := goList(t, ws.Root, config, "./"+dir)
	for tests, want := range map[bool]golist.Set{false: build, true: test} {
		got := ask(t, ws, config, tests, dir).Files
		for _, name := range got {
			if _, found := slices.BinarySearch(want.Files, name); !found {
				t.Errorf("%s, tests %v: %s is no input to the go command", dir, tests, name)
			}
		}
		for _, name := range want.Files {
			if _, found := slices.BinarySearch(got, name); !found {
				t.Errorf("%s, tests %v: %s is missing", dir, tests, name)
			}
		}
	}
}

func TestThisRepositoryIsReadAsTheGoCommandReadsIt(t *testing.T) {
	root, err := workspace.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	ws := load(t, root)
	for _, platform := range []string{"here", "windows", "darwin"} {
		t.Run(platform, func(t *testing.T) {
			for _, module := range ws.Modules {
				compare(t, ws, platforms()[platform], module.Name+"/...")
			}
		})
	}
}
