package pipeline

import (
	"context"
	"fmt"

	"magpie.build/tools/pipeline/internal/cache"
)

// dry writes what a run would do, a line for each task, dependencies first: its id, "cached", "run" or "wait", its key, what it executes.
// A task waits where its key cannot be known before the tasks it depends on have run.
func (s *session) dry(ctx context.Context) error {
	if c, err := cache.Open(s.pipeline.workspace.Root, s.pipeline.state); err == nil {
		s.cache = c
	}
	unknown := make(map[string]bool)
	for _, id := range s.graph.Nodes() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n := s.node(id)
		key, err := s.key(n)
		if err != nil {
			return err
		}
		s.keys[id] = key
		status, outputs := s.forecast(n, unknown)
		s.settle(n, key, outputs)
		unknown[id] = status != "cached"
		if !n.isGroup() {
			s.printer.Result(fmt.Sprintf("%-6s %s  %s  %s\n", status, key.Short(), id, n.what()))
		}
	}
	s.saveIndex()
	return nil
}

// forecast returns what would become of a task, and the outputs that the cache has for it.
func (s *session) forecast(n *node, unknown map[string]bool) (string, []cache.Output) {
	for _, dep := range s.graph.Deps(n.id) {
		if unknown[dep] {
			return "wait", nil
		}
	}
	if n.isGroup() {
		return "cached", nil
	}
	if artifact := s.lookUp(n, s.keys[n.id]); artifact != nil && !s.options.Force {
		return "cached", artifact.Outputs
	}
	return "run", nil
}
