// Magpie runs a workspace's tasks from any folder in it: "magpie build" does what "mage build" does at the workspace's root,
// with the same flags and the same result, without mage's start.
//
// It looks for the nearest folder with a go.work and a magefile.go, makes sure that the magefile is compiled as things are
// now, and becomes the compiled magefile. In a folder of a module tasks are limited to that module, unless -filter says
// otherwise. Without arguments it lists what there is to run.
//
// # What is checked
//
// The compiled magefile is kept below .magpie/magefile at the root, named by a hash of all that it was made from: the
// magefile's files, the files of every package of the workspace that they reach, go.work and the go.mod files of all modules
// (together they select the versions of all others), the checksums, the toolchain, and the go command's settings from the
// environment and from "go env -w". A start looks at the stat of these files and lists the folders that they were found in.
// Only what differs is read; only where the hash differs the magefile is compiled, by mage's own library.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	err := run(context.Background(), os.Args[1:])
	if code, ok := errors.AsType[exitError](err); ok {
		os.Exit(int(code))
	}
	fmt.Fprintln(os.Stderr, "Error:", err)
	os.Exit(1)
}

// An exitError is how a compiled magefile ended that ran beside this process.
type exitError int

func (c exitError) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// run becomes the compiled magefile where the system can do that. Elsewhere it returns the code that it ended with.
func run(ctx context.Context, args []string) error {
	folder, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the workspace: %w", err)
	}
	root, err := findRoot(folder)
	if err != nil {
		return err
	}
	below, err := filepath.Rel(root, folder)
	if err != nil {
		return fmt.Errorf("find the place in the workspace: %w", err)
	}
	m, err := newMagefile(root, os.Environ())
	if err != nil {
		return err
	}
	program, err := m.program(ctx)
	if err != nil {
		return err
	}
	// What tools/pipeline/cli reads: where this is, and what mage knows.
	env := append(os.Environ(), "MAGPIE_FOLDER="+filepath.ToSlash(below), "MAGPIE_TARGETS="+strings.Join(program.targets, "\n"))
	if args, err = program.arguments(args); err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil {
		return fmt.Errorf("run the magefile: %w", err)
	}
	return become(ctx, program.path, append([]string{filepath.Base(program.path)}, args...), env)
}

var errNoWorkspace = errors.New("there is no go.work with a magefile.go beside it, here or in any folder above")

// findRoot returns the nearest folder that is a workspace with a magefile.
func findRoot(folder string) (string, error) {
	for at := folder; ; {
		if isFile(filepath.Join(at, "go.work")) && isFile(filepath.Join(at, "magefile.go")) {
			return at, nil
		}
		parent := filepath.Dir(at)
		if parent == at {
			return "", fmt.Errorf("find the workspace of %s: %w", folder, errNoWorkspace)
		}
		at = parent
	}
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
