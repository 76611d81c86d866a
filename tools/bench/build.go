package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"magpie.build/tools/bench/internal/release"
	"magpie.build/tools/bench/internal/report"
	"magpie.build/tools/bench/internal/synthetic"
	"magpie.build/tools/bench/internal/timing"
)

// workspaceRoot returns the nearest folder with a go.work, from here upwards.
func workspaceRoot() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.work in %s or above; run this inside the workspace", here)
		}
	}
}

// builds measures warm builds of this workspace and of a synthetic one.
func (o options) builds(ctx context.Context, root, temp string, r *report.Report) error {
	own, err := o.build(ctx, root, temp, "this workspace", nil)
	if err != nil {
		return err
	}
	r.Builds = append(r.Builds, own)
	if o.shape.Modules == 0 {
		return nil
	}
	pipeline, err := release.New(ctx, filepath.Join(root, "tools", "pipeline"), temp)
	if err != nil {
		return err
	}
	dir := filepath.Join(temp, "synthetic")
	if err := synthetic.Write(dir, pipeline, o.shape); err != nil {
		return fmt.Errorf("write a workspace of %s: %w", o.shape, err)
	}
	made, err := o.build(ctx, dir, temp, "synthetic "+o.shape.String(), pipeline.Env)
	if err != nil {
		return err
	}
	r.Builds = append(r.Builds, made)
	return nil
}

// build measures one workspace: our pipeline as a compiled magefile and as typed, beside the go command.
func (o options) build(ctx context.Context, dir, temp, name string, env []string) (report.Build, error) {
	o.say("warm build of %s: %d runs", name, o.runs)
	b := report.Build{Workspace: name}
	magefile := filepath.Join(temp, "magefile-"+filepath.Base(dir))
	if runtime.GOOS == "windows" {
		magefile += ".exe"
	}
	compile := exec.CommandContext(ctx, "go", "tool", "mage", "-compile", magefile)
	compile.Dir, compile.Env = dir, append(os.Environ(), env...)
	if out, err := compile.CombinedOutput(); err != nil {
		return b, fmt.Errorf("compile the magefile of %s: %w\n%s", dir, err, out)
	}

	stat, files, err := timing.StatAll(ctx, dir, o.runs)
	if err != nil {
		return b, err
	}
	b.Files = files
	if b.Modules, err = countModules(dir); err != nil {
		return b, err
	}
	in := func(name string, argv ...string) timing.Command {
		return timing.Command{Name: name, Dir: dir, Argv: argv, Env: env}
	}
	times, err := timing.Interleaved(
		ctx, o.runs, o.progress,
		in("magefile -l (start and end of the process)", magefile, "-l"),
		in("magefile build (compiled)", magefile, "build"),
		in("go tool mage build (as typed)", "go", "tool", "mage", "build"),
		in("go build work (links programs anew)", "go", "build", "work"),
	)
	b.Times = append([]timing.Times{stat}, times...)
	return b, err
}

func countModules(dir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.work"))
	return strings.Count(string(text), "\t./"), err
}
