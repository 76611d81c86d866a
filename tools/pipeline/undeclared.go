package pipeline

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/reads"
)

// An observed is a task whose commands are watched for files that they open.
type observed struct {
	session *session
	node    *node // which really runs other commands
	logs    []string
}

// watched returns a task as it is to be run: watched, where [Options.Undeclared] asks for that.
func (s *session) watched(n *node) (*observed, error) {
	if !s.options.Undeclared || len(n.Commands) == 0 || s.cache == nil {
		return &observed{session: s, node: n}, nil
	}
	dir, err := os.MkdirTemp(s.cache.Temp(), "reads-*")
	if err != nil {
		return nil, fmt.Errorf("watch what %s reads: %w", n.id, err)
	}
	w := &observed{session: s}
	part := *n
	commands := n.Commands
	if n.really != nil {
		commands = n.really
	}
	part.really = nil
	for i, args := range commands {
		log := filepath.Join(dir, fmt.Sprint(i))
		args, err := reads.Command(log, args...)
		if err != nil {
			return nil, fmt.Errorf("watch what %s reads: %w", n.id, err)
		}
		w.logs = append(w.logs, log)
		part.really = append(part.really, args)
	}
	w.node = &part
	return w, nil
}

// undeclared returns an error that names the files of the workspace that a task opened and that are no inputs of it, nor
// otherwise known to have been read.
func (w *observed) undeclared(n *node, known map[string]bool) error {
	if len(w.logs) == 0 {
		return nil
	}
	defer func() { _ = os.RemoveAll(filepath.Dir(w.logs[0])) }() // Sweep comes for what stays
	isDeclared, err := w.session.declared(n)
	if err != nil {
		return err
	}
	var missing []string
	seen := make(map[string]bool)
	for _, log := range w.logs {
		opened, err := reads.Opened(log)
		if err != nil {
			return fmt.Errorf("watch what %s reads: %w", n.id, err)
		}
		for _, name := range opened {
			rel, err := w.session.pipeline.workspace.Rel(name)
			if err != nil || !filepath.IsLocal(filepath.FromSlash(rel)) || seen[rel] || known[rel] || isDeclared(rel) {
				continue
			}
			seen[rel] = true
			if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
				missing = append(missing, rel)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("read files that it does not declare:\n  %s\nhint: add to its Inputs: %s", strings.Join(missing, "\n  "), quoted(missing))
}

func quoted(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf("%q", "//"+name))
	}
	return strings.Join(all, ", ")
}

// declared returns what says of a file whether a task may read it: as an input, as what it or a task that it depends on
// writes, or as one of those that the go command reads for any package.
func (s *session) declared(n *node) (func(name string) bool, error) {
	files, err := s.globbed(n)
	if err != nil {
		return nil, err
	}
	inputs, folders := make(map[string]bool), make(map[string]bool)
	if n.isGo() {
		source, err := s.source(hash.New("unused"), n, s.environment(n))
		if err != nil {
			return nil, err
		}
		if files, err = source.files(n, files); err != nil {
			return nil, err
		}
		packages, err := source.Closure(source.sums, true, append(source.build, source.test...)...)
		if err != nil {
			return nil, err
		}
		for _, p := range packages {
			folders[p.Dir] = true
		}
	}
	for _, name := range files {
		inputs[name] = true
	}
	var before []*node
	for id := range graph.Reach([]string{n.id}, s.graph.Deps) {
		before = append(before, s.node(id))
	}
	return func(name string) bool {
		if inputs[name] || glob.Within(".magpie", name) || glob.Within(".git", name) {
			return true
		}
		for _, b := range before {
			if b.outputs.Match(name) {
				return true
			}
		}
		if !n.isGo() {
			return false
		}
		switch path.Base(name) {
		case "go.mod", "go.sum", "go.work", "go.work.sum", "modules.txt":
			return true
		}
		return folders[path.Dir(name)] && gosource.IsSource(name) // to find out that they do not belong to the build
	}, nil
}
