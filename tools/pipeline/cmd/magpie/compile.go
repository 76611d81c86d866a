package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/magefile/mage/mage"
	"github.com/rogpeppe/go-internal/lockedfile"
	"golang.org/x/term"
)

// kept is how many compiled magefiles stay: those of the branches that somebody goes back and forth between.
const kept = 5

// errRestless says that the magefile or what it is made from changed during each attempt to compile it.
var errRestless = errors.New("compile the magefile: its files keep changing")

// renew finds or makes the compiled magefile for how things are now, and notes it as the current one.
func (m *magefile) renew(ctx context.Context) (program, error) {
	if err := os.MkdirAll(m.state, 0o755); err != nil {
		return program{}, fmt.Errorf("compile the magefile: %w", err)
	}
	// mage writes a file beside the magefile while it compiles, so that two at once would be in each other's way.
	unlock, err := lockedfile.MutexAt(filepath.Join(m.state, "lock")).Lock()
	if err != nil {
		return program{}, fmt.Errorf("compile the magefile: %w", err)
	}
	defer unlock()
	for range 3 {
		r, err := m.look()
		if err != nil {
			return program{}, err
		}
		if err := m.provide(ctx, r); err != nil {
			return program{}, err
		}
		m.index.Forget()
		again, err := m.look()
		if err != nil {
			return program{}, err
		}
		if again.key != r.key { // nobody knows from which of the two states it was compiled
			_ = os.RemoveAll(filepath.Dir(m.path(r.key)))
			continue
		}
		m.keep(r)
		return program{m.path(r.key), r.targets}, nil
	}
	return program{}, errRestless
}

// provide finds or compiles the program for a record, and adds to the record what the program says of itself.
func (m *magefile) provide(ctx context.Context, r *record) (err error) {
	if isFile(m.path(r.key)) {
		if r.size, r.targets, err = m.ask(ctx, r.key); err == nil {
			return nil
		}
	}
	if err := m.compile(r.key); err != nil {
		return err
	}
	r.size, r.targets, err = m.ask(ctx, r.key)
	return err
}

// compile has mage compile the magefile. What other starts see of it they see whole.
func (m *magefile) compile(key string) error {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprintln(os.Stderr, "compiling the magefile")
	}
	temp, err := os.MkdirTemp(m.state, "new-*")
	if err != nil {
		return fmt.Errorf("compile the magefile: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	leave := enter(m.env, "GOWORK", "GOFLAGS")
	code := mage.Invoke(mage.Invocation{
		Dir: m.root, CompileOut: filepath.Join(temp, filepath.Base(m.path(key))), GoCmd: "go",
		Force: true, HashFast: true, Stdout: os.Stderr, Stderr: os.Stderr,
	})
	leave()
	if code != 0 {
		return errors.New("the magefile does not compile")
	}
	place := filepath.Dir(m.path(key))
	if err := os.RemoveAll(place); err != nil { // what is there does not run
		return fmt.Errorf("compile the magefile: %w", err)
	}
	if err := os.Rename(temp, place); err != nil {
		return fmt.Errorf("compile the magefile: %w", err)
	}
	return nil
}

// ask returns the size of a compiled magefile, and its targets as it lists them: an indented name begins the line of each.
func (m *magefile) ask(ctx context.Context, key string) (size int64, targets []string, err error) {
	info, err := os.Stat(m.path(key))
	if err != nil {
		return 0, nil, fmt.Errorf("ask the magefile for its targets: %w", err)
	}
	list := exec.CommandContext(ctx, m.path(key), "-l")
	list.Dir = m.root
	list.Env = append(m.env, "MAGEFILE_ENABLE_COLOR=false")
	out, err := list.Output()
	if err != nil {
		return 0, nil, fmt.Errorf("ask the magefile for its targets: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if name, help, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasPrefix(line, "  ") && name != "" {
			targets = append(targets, strings.TrimSuffix(name, "*")+" "+strings.TrimSpace(help))
		}
	}
	return info.Size(), targets, nil
}

// keep notes the current magefile and removes all but the latest ones. Where that fails the next start has more to do.
func (m *magefile) keep(r *record) {
	now := time.Now()
	_ = os.Chtimes(filepath.Dir(m.path(r.key)), now, now)
	_ = r.write(m.recordFile())
	_ = m.index.Save()
	entries, err := os.ReadDir(m.state)
	if err != nil {
		return
	}
	type folder struct {
		name string
		used int64
	}
	var folders []folder
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() {
			folders = append(folders, folder{e.Name(), info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(folders, func(a, b folder) int { return cmp.Compare(b.used, a.used) })
	for _, f := range folders[min(kept, len(folders)):] {
		_ = os.RemoveAll(filepath.Join(m.state, f.name))
	}
}
