package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

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
	own, err := o.build(ctx, root, temp, "this workspace")
	if err != nil {
		return err
	}
	r.Builds = append(r.Builds, own)
	if o.shape.Modules == 0 {
		return nil
	}
	dir := filepath.Join(temp, "synthetic")
	if err := synthetic.Write(dir, root, o.shape); err != nil {
		return fmt.Errorf("write a workspace of %s: %w", o.shape, err)
	}
	made, err := o.build(ctx, dir, temp, "synthetic "+o.shape.String())
	if err != nil {
		return err
	}
	r.Builds = append(r.Builds, made)
	return nil
}

// build measures one workspace: our pipeline as a compiled magefile and as typed, beside the go command.
func (o options) build(ctx context.Context, dir, temp, name string) (report.Build, error) {
	o.say("warm build of %s: %d runs", name, o.runs)
	b := report.Build{Workspace: name}
	magefile := filepath.Join(temp, "magefile-"+filepath.Base(dir))
	if runtime.GOOS == "windows" {
		magefile += ".exe"
	}
	compile := exec.CommandContext(ctx, "go", "tool", "mage", "-compile", magefile)
	compile.Dir = dir
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
	times, err := timing.Interleaved(
		ctx, o.runs, o.progress,
		timing.Command{Name: "magefile -l (start and end of the process)", Dir: dir, Argv: []string{magefile, "-l"}},
		timing.Command{Name: "magefile build (compiled)", Dir: dir, Argv: []string{magefile, "build"}},
		timing.Command{Name: "go tool mage build (as typed)", Dir: dir, Argv: []string{"go", "tool", "mage", "build"}},
		timing.Command{Name: "go build work (links programs anew)", Dir: dir, Argv: []string{"go", "build", "work"}},
	)
	b.Times = append([]timing.Times{stat}, times...)
	return b, err
}

func countModules(dir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.work"))
	return strings.Count(string(text), "\t./"), err
}
