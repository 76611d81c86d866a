package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/hash"
)

// A magefile is a workspace's, and what is known of how it was compiled.
type magefile struct {
	root string
	// state is the folder for compiled magefiles and what they were made from.
	state string
	// env is that of the go command.
	env   []string
	index *hash.Index
}

// A program is a compiled magefile.
type program struct {
	path    string
	targets []string // a line each: the name, a space, the help
}

// arguments returns what the compiled magefile is given: without any that are its target magpie, which lists what there is to run.
// That target also stands for all tasks and commands that have none of their own.
func (p program) arguments(args []string) ([]string, error) {
	has := func(name string) bool {
		return slices.ContainsFunc(p.targets, func(line string) bool {
			target, _, _ := strings.Cut(line, " ")
			return strings.EqualFold(target, name)
		})
	}
	switch {
	case has("magpie") && len(args) == 0:
		return []string{"magpie"}, nil
	case has("magpie") || len(args) == 0 || strings.HasPrefix(args[0], "-") || has(args[0]):
		return args, nil
	}
	return nil, fmt.Errorf("the magefile has no target %q, and no target magpie, which would run all tasks and commands without a target of their own"+
		"\nhint: add: func Magpie(ctx context.Context) error { return magpie.Run(ctx) }", args[0])
}

func newMagefile(root string, env []string) (*magefile, error) {
	env, err := goEnvironment(env, root)
	if err != nil {
		return nil, err
	}
	m := &magefile{root: root, state: filepath.Join(root, ".magpie", "magefile"), env: env}
	m.index = hash.Open(root, m.indexFile())
	return m, nil
}

func (m *magefile) indexFile() string { return filepath.Join(m.state, "index") }

// program returns the compiled magefile as things are now, and compiles it where there is none.
func (m *magefile) program(ctx context.Context) (program, error) {
	if known, err := readRecord(m.recordFile()); err == nil {
		if m.fresh(known) {
			return program{m.path(known.key), known.targets}, nil
		}
	}
	return m.renew(ctx)
}

// fresh reports whether a compiled magefile is there and all that it was made from is as it was.
func (m *magefile) fresh(r *record) bool {
	if info, err := os.Stat(m.path(r.key)); err != nil || info.Size() != r.size {
		return false
	}
	key, err := m.key(r.files)
	if err != nil || key != r.key {
		return false
	}
	for dir, listing := range r.folders {
		if m.listing(dir) != listing {
			return false
		}
	}
	_ = m.index.Save() // that only costs the next start time
	return true
}

// path is where the magefile compiled from what key stands for lies. Its name is the one that mage's help texts show.
func (m *magefile) path(key string) string {
	return filepath.Join(m.state, key, "mage"+exeSuffix)
}

func (m *magefile) recordFile() string { return filepath.Join(m.state, "current") }

// listing identifies what lies in a folder, as far as a build may read it. A folder that is not there is empty.
func (m *magefile) listing(dir string) string {
	listing, err := m.index.Memo(dir, "listing", func() (string, bool, error) {
		entries, err := m.index.ReadDir(dir)
		if err != nil {
			return "", false, err
		}
		h := hash.New("listing")
		for _, e := range entries {
			if name := e.Name(); !irrelevant(dir, name) {
				h.Add(name, e.Type().String())
			}
		}
		return h.Key().String(), true, nil
	})
	if err != nil {
		return "none"
	}
	return listing
}

// irrelevant reports whether a folder's entry cannot become part of a build. At the root, where people and programs leave
// all sorts of files, only Go files can.
func irrelevant(dir, name string) bool {
	if dir == "." {
		return filepath.Ext(name) != ".go"
	}
	return strings.HasSuffix(name, "_test.go") || name == "testdata"
}
