package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/hash"
)

// audited draws whether a task that is in the cache is to be run all the same.
func (s *session) audited() bool {
	return s.options.Verify > 0 && rand.Float64() < s.options.Verify //nolint:gosec // any share will do
}

// audit runs a task that is in the cache and compares what it makes with what is kept. Where that differs, nobody knows
// which of the two is right: the task fails, and what was kept is put aside.
func (s *session) audit(ctx context.Context, n *node, key hash.Key, artifact *cache.Artifact) ending {
	if waited, err := s.turn.take(ctx); err != nil {
		return ending{err: err}
	} else if waited {
		return s.perform(ctx, n)
	}
	e, outputs := s.produce(ctx, n, key)
	if e.err != nil {
		return e
	}
	s.settle(n, key, outputs)
	differ := different(outputs, artifact.Outputs)
	if len(differ) == 0 {
		return e
	}
	aside, err := s.cache.PutAside(key)
	if err != nil {
		e.err = fmt.Errorf("put aside what was kept: %w", err)
		return e
	}
	e.err = fmt.Errorf("made something else than the last time, of the same inputs:\n  %s\nhint: what it made then lies in %s; "+
		"look for times, random order, absolute paths, or inputs that the task does not declare", strings.Join(differ, "\n  "), aside)
	return e
}
