package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/glob"
)

// outputs lists the files and links that a task's output patterns match now, sorted by name.
func (s *session) outputs(n *node) ([]cache.Output, error) {
	root := s.pipeline.workspace.Root
	names, err := n.outputs.Files(s.pipeline.index.ReadDir, s.nested(n))
	if err != nil {
		return nil, fmt.Errorf("list the outputs of %s: %w", n.id, err)
	}
	files, err := s.pipeline.index.Files(names)
	if err != nil {
		return nil, fmt.Errorf("read the outputs of %s: %w", n.id, err)
	}
	var outputs []cache.Output
	for i, name := range names {
		file := files[i]
		if file == nil {
			continue
		}
		o := cache.Output{Name: name, Mode: file.Mode, Size: file.Size, Content: file.Content}
		if file.Mode&fs.ModeSymlink != 0 {
			if o.Link, err = os.Readlink(filepath.Join(root, filepath.FromSlash(name))); err != nil {
				return nil, fmt.Errorf("read the outputs of %s: %w", n.id, err)
			}
		}
		outputs = append(outputs, o)
	}
	return outputs, nil
}

// clear removes what an earlier run left, so that the outputs are what this run makes. It returns what was there.
// Committed outputs stay: a generator may need some of them to be built itself.
func (s *session) clear(n *node) ([]cache.Output, error) {
	before, err := s.outputs(n)
	if err != nil || n.Committed {
		return before, err
	}
	var names []string
	for _, o := range before {
		names = append(names, o.Name)
	}
	return before, s.remove(n, names)
}

// restore makes the outputs of a task those of the artifact, and returns the names of those that were not.
func (s *session) restore(ctx context.Context, n *node, artifact *cache.Artifact) ([]string, error) {
	before, err := s.outputs(n)
	if err != nil {
		return nil, err
	}
	changed := different(before, artifact.Outputs)
	if len(changed) == 0 {
		return nil, nil
	}
	if waited, err := s.turn.take(ctx); err != nil || waited {
		return nil, cmp.Or(err, errWaited)
	}
	defer s.pipeline.written(n)
	isWanted := func(o cache.Output) bool {
		_, found := slices.BinarySearch(changed, o.Name)
		return found
	}
	if slices.ContainsFunc(artifact.Outputs, isWanted) {
		if err := artifact.Restore(isWanted); err != nil {
			return nil, err
		}
	}
	return changed, s.remove(n, extra(before, artifact.Outputs))
}

// remove deletes files that git does not track, and the folders of the module that become empty.
func (s *session) remove(n *node, names []string) error {
	if len(names) == 0 {
		return nil
	}
	tracked, err := s.tracked()
	if err != nil {
		return fmt.Errorf("remove old outputs of %s: %w", n.id, err)
	}
	root, err := os.OpenRoot(s.pipeline.workspace.Root)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for _, name := range names {
		if _, found := slices.BinarySearch(tracked, name); found {
			continue
		}
		if err := root.Remove(filepath.FromSlash(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove old outputs of %s: %w", n.id, err)
		}
		for dir := path.Dir(name); dir != n.module.Name && glob.Within(n.module.Name, dir) && !s.pipeline.isShared(dir, n); dir = path.Dir(dir) {
			if root.Remove(filepath.FromSlash(dir)) != nil {
				break // not empty
			}
		}
	}
	return nil
}

// isShared reports whether another task of the module has outputs in a folder: it may be about to write there, and so the folder stays.
func (p *Pipeline) isShared(dir string, n *node) bool {
	for id, other := range p.nodes {
		if id != n.id && other.module == n.module && slices.ContainsFunc(other.outputs.Bases(), func(base string) bool { return glob.Within(dir, base) }) {
			return true
		}
	}
	return false
}

// different returns the names of outputs that are in one list only, or in both with different content or mode. Sorted.
func different(a, b []cache.Output) []string {
	states := make(map[string]cache.Output, len(a))
	for _, o := range a {
		states[o.Name] = o
	}
	var names []string
	for _, o := range b {
		if states[o.Name] != o {
			names = append(names, o.Name)
		}
		delete(states, o.Name)
	}
	for name := range states {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// extra returns the names that only the first list has.
func extra(a, b []cache.Output) []string {
	var names []string
	for _, o := range a {
		if !slices.ContainsFunc(b, func(other cache.Output) bool { return other.Name == o.Name }) {
			names = append(names, o.Name)
		}
	}
	return names
}

// errStale is wrapped where committed outputs were not those that their task makes.
var errStale = errors.New("committed files were not fresh")

// stale is the error of a task whose committed outputs were not those it makes.
func stale(changed []string) error {
	if len(changed) == 0 {
		return nil
	}
	return fmt.Errorf("%w:\n  %s\nhint: they have been renewed; commit them", errStale, strings.Join(changed, "\n  "))
}
