package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"magpie.build/tools/bench/internal/peers"
	"magpie.build/tools/bench/internal/public"
	"magpie.build/tools/bench/internal/release"
	"magpie.build/tools/bench/internal/report"
	"magpie.build/tools/bench/internal/synthetic"
	"magpie.build/tools/bench/internal/timing"
)

// slowSize is how many modules are too many for what takes seconds for each: real builds, and turbo's Go mode.
const slowSize = 300

// publicSize stands among the sizes for modules that others have published.
const publicSize = "public"

// programs are what is compared.
type programs struct {
	magpie, mage, turbo, goTask string

	// pipeline is what the magefile imports.
	pipeline *release.Module
}

// compare measures the pipeline and other runners side by side, in workspaces of several sizes.
func (o options) compare(ctx context.Context, root, temp string, r *report.Report) error {
	if runtime.GOOS == "windows" {
		return errors.New("the task that all runners have is a shell's, and there is none here")
	}
	p, err := o.programs(ctx, root, temp)
	if err != nil {
		return err
	}
	for size := range strings.SplitSeq(o.sizes, ",") {
		if size == publicSize {
			c, err := o.comparePublic(ctx, p, filepath.Join(temp, size))
			if err != nil {
				return fmt.Errorf("compare with %s: %w", public.Name, err)
			}
			r.Comparisons = append(r.Comparisons, c)
			continue
		}
		shape := o.shape
		if n, err := fmt.Sscanf(size, "%dx%d", &shape.Modules, &shape.Files); n != 2 || err != nil {
			return fmt.Errorf("-sizes has %q; want modules and files, as in 100x50, or %s", size, publicSize)
		}
		shape.Depth = min(shape.Depth, shape.Modules)
		c, err := o.compareSize(ctx, p, filepath.Join(temp, size), shape)
		if err != nil {
			return fmt.Errorf("compare at %s: %w", shape, err)
		}
		r.Comparisons = append(r.Comparisons, c)
	}
	return nil
}

// programs builds and installs what is compared. What cannot be had is an error: a comparison without it says nothing.
func (o options) programs(ctx context.Context, root, temp string) (p programs, err error) {
	o.say("installing turbo %s and go-task %s", peers.TurboVersion, peers.GoTaskVersion)
	pipeline := filepath.Join(root, "tools", "pipeline")
	if p.magpie, err = peers.Build(ctx, pipeline, "magpie.build/tools/pipeline/cmd/magpie", temp); err != nil {
		return p, err
	}
	if p.mage, err = peers.Build(ctx, pipeline, "github.com/magefile/mage", temp); err != nil {
		return p, err
	}
	if p.pipeline, err = release.New(ctx, pipeline, temp); err != nil {
		return p, err
	}
	if p.turbo = o.turbo; p.turbo == "" {
		if p.turbo, err = peers.InstallTurbo(ctx, temp); err != nil {
			return p, fmt.Errorf("%w\nhint: -turbo names the program where npm cannot", err)
		}
	}
	if p.goTask = o.goTask; p.goTask == "" {
		p.goTask, err = peers.InstallGoTask(ctx, temp)
	}
	return p, err
}

// A site is one size of workspace, once for each runner.
type site struct {
	options  options
	programs programs
	shape    synthetic.Shape
	magefile string // compiled
	ours     string // folders
	turbo    string
	turboGo  string
	goTask   string
	leaf     string // folders of modules, relative
	deepest  string
	edits    int

	buildCaches string // folder of the go command's caches for what is built from nothing
}

func (o options) compareSize(ctx context.Context, p programs, dir string, shape synthetic.Shape) (report.Comparison, error) {
	s, err := newSite(ctx, o, p, dir, shape)
	if err != nil {
		return report.Comparison{}, err
	}
	return o.compareIn(ctx, fmt.Sprintf("%d modules of %d files", shape.Modules, shape.Files), s.scenarios())
}

// comparePublic measures builds of modules that others have published, of which only the go command can make something, too.
func (o options) comparePublic(ctx context.Context, p programs, dir string) (report.Comparison, error) {
	s := &site{options: o, programs: p, ours: filepath.Join(dir, "modules"), buildCaches: filepath.Join(dir, "caches")}
	o.say("getting %s", public.Name)
	if err := public.Write(ctx, s.ours, p.pipeline); err != nil {
		return report.Comparison{}, err
	}
	if err := standardLibrary(ctx, filepath.Join(s.buildCaches, "standard")); err != nil {
		return report.Comparison{}, err
	}
	if err := commit(ctx, s.ours); err != nil {
		return report.Comparison{}, err
	}
	build := timing.Command{Name: "magpie", Dir: s.ours, Argv: []string{p.magpie, "build"}, Env: p.pipeline.Env}
	goBuild := build
	goBuild.Name, goBuild.Argv, goBuild.Runs = "go build work", []string{"go", "build", "work"}, 5
	return o.compareIn(ctx, fmt.Sprintf("%d modules of %s", len(public.Modules), public.Name), []scenario{
		{"Go build, nothing built yet", []timing.Command{s.cold(with(build, "-force")), s.cold(goBuild)}},
		{"Go build, nothing changed", []timing.Command{build, goBuild}},
	})
}

func (o options) compareIn(ctx context.Context, workspace string, scenarios []scenario) (report.Comparison, error) {
	c := report.Comparison{Workspace: workspace}
	for _, scenario := range scenarios {
		o.say("%s, %s: %d runs", workspace, scenario.name, o.runs)
		times, err := timing.Interleaved(ctx, o.runs, o.progress, scenario.commands...)
		if err != nil {
			return c, err
		}
		c.Scenarios = append(c.Scenarios, report.Scenario{Name: scenario.name, Times: times})
	}
	return c, nil
}

func newSite(ctx context.Context, o options, p programs, dir string, shape synthetic.Shape) (*site, error) {
	plan := shape.Plan()
	s := &site{
		options: o, programs: p, shape: shape, leaf: plan[0].Name, deepest: plan[len(plan)-1].Name,
		ours: filepath.Join(dir, "magpie"), turbo: filepath.Join(dir, "turbo"), turboGo: filepath.Join(dir, "turbo-go"), goTask: filepath.Join(dir, "task"),
		magefile: filepath.Join(dir, "magefile"), buildCaches: filepath.Join(dir, "caches"),
	}
	if err := standardLibrary(ctx, filepath.Join(s.buildCaches, "standard")); err != nil {
		return nil, err
	}
	if err := synthetic.Write(s.ours, p.pipeline, shape); err != nil {
		return nil, err
	}
	ofTurbo, err := peers.Turbo(shape)
	if err != nil {
		return nil, err
	}
	for folder, files := range map[string]map[string]string{s.turbo: ofTurbo, s.turboGo: peers.TurboGo(), s.goTask: peers.GoTask(shape)} {
		if err := synthetic.WriteModules(folder, shape, files); err != nil {
			return nil, err
		}
	}
	for _, folder := range []string{s.ours, s.turbo, s.turboGo, s.goTask} {
		if err := commit(ctx, folder); err != nil {
			return nil, err
		}
	}
	// What was just written goes to the disk now, and not while something is measured.
	if err := exec.CommandContext(ctx, "sync").Run(); err != nil {
		return nil, fmt.Errorf("write the workspaces to the disk: %w", err)
	}
	compile := exec.CommandContext(ctx, p.mage, "-compile", s.magefile)
	compile.Dir, compile.Env = s.ours, append(os.Environ(), p.pipeline.Env...)
	if out, err := compile.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile the magefile: %w\n%s", err, out)
	}
	return s, nil
}

// commit makes a folder a git repository with one commit, as runners expect.
func commit(ctx context.Context, dir string) error {
	for _, args := range [][]string{
		{"init", "-q"},
		{"add", "-A"},
		{"-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false", "commit", "-qm", "all"},
	} {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// A scenario is what has happened before a run, and the runners that it happened to.
type scenario struct {
	name     string
	commands []timing.Command
}

func (s *site) scenarios() []scenario {
	ours := func(name string, args ...string) timing.Command {
		return timing.Command{Name: name, Dir: s.ours, Argv: args, Env: s.programs.pipeline.Env}
	}
	magpie := ours("magpie", s.programs.magpie, "trivial")
	turbo := timing.Command{Name: "turbo", Dir: s.turbo, Argv: []string{s.programs.turbo, "run", "trivial"}}
	goTask := timing.Command{Name: "go-task", Dir: s.goTask, Argv: []string{s.programs.goTask, "trivial"}}
	if s.shape.Modules > slowSize {
		goTask.Runs = 1
	}
	turboGo := timing.Command{Name: "turbo, Go mode", Dir: s.turboGo, Argv: []string{s.programs.turbo, "run", "build"}, Runs: 3}
	goBuild := timing.Command{Name: "go build work", Dir: s.turboGo, Argv: []string{"go", "build", "work"}, Runs: 5}
	build := ours("magpie", s.programs.magpie, "build")

	warm := scenario{"nothing changed", []timing.Command{
		magpie, ours("magefile", s.magefile, "trivial"), ours("mage", s.programs.mage, "trivial"), ours("go tool mage", "go", "tool", "mage", "trivial"), turbo, goTask,
	}}
	edited := func(module string) []timing.Command {
		commands := []timing.Command{s.edited(magpie, module), s.edited(turbo, module)}
		if s.shape.Modules <= slowSize {
			commands = append(commands, s.edited(goTask, module))
		}
		return commands
	}
	all := []scenario{
		warm,
		{"dry run", []timing.Command{ours("magpie", s.programs.magpie, "trivial", "-dry"), with(turbo, "--dry")}},
		{"outputs deleted", []timing.Command{s.before(magpie, s.deleteOutputs), s.before(turbo, s.deleteOutputs)}},
		{"an app edited", edited(s.leaf)},
		{"the deepest package edited", edited(s.deepest)},
	}
	if s.shape.Modules > slowSize {
		return all
	}
	return append(all,
		scenario{"Go build, nothing built yet", []timing.Command{s.cold(with(build, "-force")), s.cold(goBuild)}},
		scenario{"Go build, nothing changed", []timing.Command{build, turboGo, goBuild}},
		scenario{"Go build, a comment in the deepest package", []timing.Command{s.edited(build, s.deepest), s.edited(turboGo, s.deepest), s.edited(goBuild, s.deepest)}},
	)
}

func with(c timing.Command, args ...string) timing.Command {
	c.Argv = append(append([]string(nil), c.Argv...), args...)
	return c
}

func (s *site) before(c timing.Command, prepare func(dir string) error) timing.Command {
	c.Before = func() error { return prepare(c.Dir) }
	return c
}

// edited has a comment of a module's first file changed before each run: the lines stay where they are.
func (s *site) edited(c timing.Command, module string) timing.Command {
	return s.before(c, func(dir string) error {
		s.edits++
		name := filepath.Join(dir, filepath.FromSlash(module), "f00.go")
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		code, _, _ := strings.Cut(string(text), "// Edit ")
		return os.WriteFile(name, fmt.Appendf(nil, "%s// Edit %d.\n", code, s.edits), 0o600) //nolint:gosec // a workspace of our own
	})
}

// cold has the go command begin with a build cache of its own, which holds the standard library alone.
func (s *site) cold(c timing.Command) timing.Command {
	cache := filepath.Join(s.buildCaches, "run")
	c.Env, c.Runs = slices.Concat(c.Env, []string{"GOCACHE=" + cache}), 2
	return s.before(c, func(dir string) error {
		if err := os.RemoveAll(cache); err != nil {
			return err
		}
		for _, m := range s.shape.Plan() {
			if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(m.Name), "dist")); err != nil {
				return err
			}
		}
		return os.CopyFS(cache, os.DirFS(filepath.Join(s.buildCaches, "standard")))
	})
}

// standardLibrary fills a build cache with what all programs of the workspace need.
func standardLibrary(ctx context.Context, cache string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "fmt", "runtime", "os")
	cmd.Env = append(os.Environ(), "GOCACHE="+cache, "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the standard library: %w\n%s", err, out)
	}
	return nil
}

func (s *site) deleteOutputs(dir string) error {
	for _, m := range s.shape.Plan() {
		if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(m.Name), "out")); err != nil {
			return err
		}
	}
	return nil
}
