//go:build mage

// Every task of this workspace. `go tool mage -l` lists the targets, `go tool mage build -h` what they can be told.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/cli"
	"magpie.build/tools/pipeline/dev"
	"magpie.build/tools/pipeline/doctor"
)

// tasks are all tasks. A later one of the same name takes the place of an earlier one in the modules it names.
func tasks() []pipeline.Declaration {
	generate := pipeline.Task{
		Name: "generate", Help: "Go code from templ files, bundles for the browser",
		DependsOn: []string{"^generate"},
		Inputs:    []string{"**/*.{templ,css,ts,json}"},
		GoBuild:   []string{"//packages/ui/cmd/bundle"},
		Committed: true,
	}
	ui, server, docs := generate, generate, generate
	ui.Modules = []string{"packages/ui"}
	ui.Outputs = []string{"**/*_templ.go", "dist/**"}
	ui.Commands = [][]string{
		templ("generate"),
		bundle("dist", "styles/ui.css", "client/ui.ts", "client/theme.ts"),
	}
	server.Modules = []string{"apps/server"}
	server.Outputs = []string{"internal/*/*_templ.go", "internal/*/dist/**"}
	server.Commands = [][]string{
		templ("generate", "-path=internal/web"),
		templ("generate", "-path=internal/inspector"),
		bundle("internal/web/dist", "internal/web/client/room.ts", "internal/web/styles/app.css"),
		bundle("internal/inspector/dist", "internal/inspector/client/inspector.ts", "internal/inspector/styles/inspector.css"),
	}
	docs.Modules = []string{"apps/docs"}
	docs.Outputs = []string{"internal/render/*_templ.go", "internal/assets/dist/**"}
	docs.Commands = [][]string{
		templ("generate", "-path=internal/render"),
		bundle("internal/assets/dist", "internal/assets/client/search.ts", "internal/assets/client/reload.ts", "internal/assets/styles/docs.css"),
	}

	build := pipeline.Task{
		Name: "build", Help: "every package; the apps' programs in dist",
		DependsOn: generated,
		GoBuild:   []string{"./..."},
		Commands:  [][]string{{"go", "build", "-buildvcs=false", "-o", os.DevNull, "./..."}},
	}
	app := build
	app.Modules = []string{"apps/*"}
	app.GoBuild, app.Outputs = []string{"."}, []string{"dist/*"}
	app.Commands = [][]string{{"go", "build", "-trimpath", "-buildvcs=false", "-o", "dist/", "."}}

	test := pipeline.Task{
		Name: "test", Help: "all tests, with the race detector",
		DependsOn: generated,
		GoTest:    []string{"./..."},
		ByPackage: true,
		PassEnv:   []string{"CHROM*", "DISPLAY"},
		Commands:  [][]string{{"go", "test", "-race", "./..."}},
	}
	testTree := test // these tests read the workspace itself
	testTree.Modules = []string{"apps/docs", "tools/*"}
	testTree.Inputs = wholeTree
	testLinter := pipeline.Task{ // outside go.work, so that its dependencies never meet ours
		Name: "test", Help: "the linter finds what is planted",
		Modules:  []string{"tools/lint"},
		Inputs:   []string{"**", "//.golangci.yml", "//go.work"},
		Set:      alone,
		Commands: [][]string{{"go", "test", "."}},
	}

	lint := pipeline.Task{
		Name: "lint", Help: "golangci-lint",
		DependsOn: generated,
		GoTest:    []string{"./..."},
		Inputs:    linterFiles,
		Set:       alone,
		Commands:  [][]string{linter("run", "--allow-parallel-runners")},
	}
	lintMagefile := lint
	lintMagefile.Modules = []string{"tools/pipeline"}
	lintMagefile.Inputs = append([]string{"//magefile.go"}, linterFiles...)
	lintMagefile.Commands = append(lint.Commands, linter("run", "--allow-parallel-runners", "--build-tags=mage", "../../magefile.go"))

	tidy := pipeline.Task{
		Name: "tidy", Help: "go.mod and go.sum name what is needed and no more",
		DependsOn: generated,
		GoTest:    []string{"./..."},
		Inputs:    []string{"**/*.go", "go.mod", "go.sum"},
		Set:       alone,
		Commands:  [][]string{{"go", "mod", "tidy", "-diff"}},
	}
	formatted := pipeline.Task{
		Name: "formatted", Help: "Go files are as gofumpt and goimports write them",
		Inputs:   append([]string{"**/*.go", "go.mod"}, linterFiles...), // gofumpt goes by the version there
		Set:      alone,
		Commands: [][]string{linter("fmt", "--diff")},
	}
	format := pipeline.Task{
		Name: "format", Help: "rewrite Go files as gofumpt and goimports write them",
		Set:      alone,
		Commands: [][]string{linter("fmt")},
		Uncached: true,
	}
	formatTempl := pipeline.Task{
		Name: "format-templ", Help: "rewrite templ files",
		Modules:  []string{"apps/*", "packages/ui"},
		Commands: [][]string{templ("fmt", ".")},
		Uncached: true,
	}
	site := pipeline.Task{
		Name: "docs", Help: "the documentation as static files in dist/site",
		Modules:   []string{"apps/docs"},
		DependsOn: []string{"build"},
		Inputs:    wholeTree,
		Outputs:   []string{"dist/site/**"},
		Commands:  [][]string{{"dist/docs", "build"}},
	}
	bench := pipeline.Task{
		Name: "bench", Help: "measurements",
		Modules:   []string{"tools/bench"},
		DependsOn: []string{"apps/server#build"},
		Commands:  [][]string{{"go", "run", "."}},
		Uncached:  true,
	}
	cluster := pipeline.Task{
		Name: "cluster", Help: "Redis and three servers behind a proxy, to kill and watch",
		Modules:    []string{"tools/cluster"},
		DependsOn:  []string{"apps/server#build"},
		Commands:   [][]string{{"go", "run", ".", "-server=../../apps/server/dist/server"}},
		Persistent: true, Interactive: true,
	}
	chaos := pipeline.Task{
		Name: "chaos", Help: "the servers are killed, cut off and starved while people chat, and what they saw is judged; takes half an hour",
		Modules:   []string{"tools/chaos"},
		DependsOn: []string{"apps/server#build"},
		Commands:  [][]string{{"go", "run", ".", "-server=../../apps/server/dist/server", "-at-once=4"}},
		Uncached:  true,
	}
	testLong := pipeline.Task{
		Name: "test-long", Help: "the engine against the go command: 10,000 random edits, public repositories; takes an hour",
		Modules: []string{"tools/pipeline"},
		Commands: [][]string{
			{"go", "test", "-timeout=0", "-run=EngineAgrees", ".", "-property.edits=10000"},
			{"go", "test", "-timeout=0", "-run=PublicRepositories", "./internal/gosource", "-public-code"},
			{"go", "test", "-race", "-run=NothingIsLeftBehind", ".", "-crowd=300"},
		},
		Uncached: true,
	}
	testJavaScript := pipeline.Task{
		Name: "test-javascript", Help: "the server with the public JavaScript client, over every transport; needs Node and npm",
		Modules:  []string{"apps/server"},
		Commands: [][]string{{"go", "test", "-run=JavaScript", "./internal/realtime", "-javascript"}},
		Uncached: true,
	}
	chaosLong := testLong
	chaosLong.Help = "every nemesis for two minutes with each topology, and that the checker notices what is switched off; takes an hour"
	chaosLong.Modules = []string{"tools/chaos"}
	chaosLong.DependsOn = []string{"apps/server#build"}
	chaosLong.Commands = [][]string{
		{"go", "test", "-timeout=0", "-run=NoticesWhat", ".", "-alive"},
		{"go", "run", ".", "-server=../../apps/server/dist/server", "-for=2m", "-at-once=4"},
	}
	ci := pipeline.Task{
		Name: "ci", Help: "all that is checked before a change is sent",
		DependsOn: []string{"generate", "formatted", "vet-linux", "vet-darwin", "vet-windows", "tidy", "lint", "build", "test", "docs"},
	}

	return []pipeline.Declaration{
		pipeline.Module{Name: "tools/lint"},
		ui, server, docs, build, app, test, testTree, testLinter, lint, lintMagefile, tidy, formatted, format, formatTempl, site, bench, chaos, cluster, testLong, chaosLong, testJavaScript, ci,
		vet("linux", "amd64"), vet("darwin", "arm64"), vet("windows", "amd64"),
	}
}

var (
	generated = []string{"generate", "^generate"}
	// What is read by tasks that look at the workspace as a whole.
	wholeTree = []string{"//**", "!//**/dist/**"}
	// Linting and tidying see each module as it is without the others, and read the linter's own settings.
	alone       = []string{"GOWORK=off"}
	linterFiles = []string{"//.golangci.yml", "//tools/lint/go.mod", "//tools/lint/go.sum"}
)

// vet checks and compiles every package, tests too, for one platform.
func vet(system, arch string) pipeline.Task {
	return pipeline.Task{
		Name: "vet-" + system, Help: "vet and compile for " + system + "/" + arch,
		DependsOn: generated,
		GoTest:    []string{"./..."},
		Set:       []string{"GOOS=" + system, "GOARCH=" + arch, "CGO_ENABLED=0"},
		Commands:  [][]string{{"go", "vet", "./..."}, {"go", "build", "-buildvcs=false", "-o", os.DevNull, "./..."}},
	}
}

func linter(verb string, args ...string) []string {
	return append([]string{"go", "tool", "-modfile=../../tools/lint/go.mod", "golangci-lint", verb}, args...)
}

func templ(verb string, args ...string) []string {
	return append([]string{"go", "tool", "templ", verb, "-log-level=warn"}, args...)
}

func bundle(out string, entries ...string) []string {
	return append([]string{"go", "run", "magpie.build/packages/ui/cmd/bundle", "-out=" + out}, entries...)
}

// magpie takes tasks, flags and "-- arguments" out of the command line, before mage looks for targets in it.
var magpie = cli.Take(&os.Args, tasks()...)

// Build compiles every module; the apps' programs go to their dist folders. Flags: mage build -h.
func Build(ctx context.Context) error { return magpie.Run(ctx, "build") }

// Test runs all tests with the race detector. Flags: mage test -h.
func Test(ctx context.Context) error { return magpie.Run(ctx, "test") }

// Lint runs golangci-lint over every module and this file. Flags: mage lint -h.
func Lint(ctx context.Context) error { return magpie.Run(ctx, "lint") }

// Format rewrites Go and templ files in the one way they are written. Flags: mage format -h.
func Format(ctx context.Context) error { return magpie.Run(ctx, "format", "format-templ") }

// Generate renews generated code and bundles. Flags: mage generate -h.
func Generate(ctx context.Context) error { return magpie.Run(ctx, "generate") }

// Docs writes the documentation as static files to apps/docs/dist/site. Flags: mage docs -h.
func Docs(ctx context.Context) error { return magpie.Run(ctx, "docs") }

// CI checks all there is to check; run it before you send a change. Flags: mage ci -h.
func CI(ctx context.Context) error {
	// What tasks read is watched where that is allowed: some containers forbid it. Tests are not, as they watch programs themselves.
	if err := exec.CommandContext(ctx, "strace", "-qq", "-o", "/dev/null", "go", "version").Run(); err != nil {
		fmt.Fprintf(os.Stderr, "nobody watches whether tasks read what they do not declare: strace: %v\n", err)
	} else if err := magpie.Run(ctx, "generate", "build", "formatted", "tidy", "lint", "-frozen", "-undeclared", "-continue=dependencies-successful"); err != nil {
		return err
	}
	return magpie.Run(ctx, "ci", "-frozen", "-continue=dependencies-successful")
}

// Bench measures this workspace's pipeline and the chat server, and prints what it found. Flags: mage bench -h.
func Bench(ctx context.Context) error { return magpie.Run(ctx, "bench") }

// Cluster starts Redis and three servers behind a proxy, and prints where they are: kill one and watch the chat go on.
func Cluster(ctx context.Context) error { return magpie.Run(ctx, "cluster") }

// Chaos tortures servers and Redis while people chat, and judges what they saw. Flags behind --: mage chaos -- -h.
func Chaos(ctx context.Context) error { return magpie.Run(ctx, "chaos") }

// Watch runs tasks, and again what a change concerns: mage watch test. Flags: mage watch -h.
func Watch(ctx context.Context) error { return magpie.Run(ctx, "watch") }

// Graph prints what depends on what, as DOT: of all tasks, or of some. -json prints it as data, -svg writes a picture. Flags: mage graph -h.
func Graph(ctx context.Context) error { return magpie.Run(ctx, "graph") }

// Clean removes what tasks made and the cache.
func Clean(ctx context.Context) error { return magpie.Run(ctx, "clean") }

// Magpie runs tasks and commands that have no target of their own. Alone it lists them.
func Magpie(ctx context.Context) error { return magpie.Run(ctx) }

// Dev runs both apps, and builds and restarts whichever a change concerns.
func Dev(ctx context.Context) error {
	return dev.Run(ctx, dev.Options{
		Apps: []dev.App{
			{Name: "server", Module: "apps/server", Addr: "127.0.0.1:8080", AdminAddr: "127.0.0.1:8090"},
			{Name: "docs", Module: "apps/docs", Addr: "127.0.0.1:8081", Args: []string{"serve"}},
		},
		Generate: func(ctx context.Context, _ []string) error { return magpie.Run(ctx, "generate") },
		Stdout:   os.Stdout, Stderr: os.Stderr,
	})
}

// Doctor says what this machine lacks for working here, for what, and how to get it.
func Doctor(ctx context.Context) error {
	return doctor.Run(ctx, os.Stdout, doctor.Go("1.26"), doctor.Git(), doctor.Redis(), doctor.Browser(), doctor.Strace(), doctor.Node(), doctor.Descriptors(12_000))
}
