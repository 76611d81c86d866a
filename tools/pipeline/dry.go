package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/run"
	"magpie.build/tools/pipeline/internal/summary"
)

// dry writes what a run would do: a line for each task, dependencies first, or all of it as JSON.
func (s *session) dry(ctx context.Context) error {
	if c, err := s.pipeline.openCaches(); err == nil {
		s.cache = c
	}
	forecasts, err := s.foresee(ctx)
	if err != nil {
		return err
	}
	all := &summary.Run{}
	var lines []string // written at once, not by a system call for each
	defer func() { s.printer.Result(lines...) }()
	for _, id := range s.graph.Nodes() {
		n, f := s.node(id), forecasts[id]
		if s.options.DryJSON {
			task, err := s.summarize(n, f)
			if err != nil {
				return err
			}
			all.Tasks = append(all.Tasks, task)
		} else if !n.isGroup() {
			lines = append(lines, fmt.Sprintf("%-6s %s  %s  %s", f.status, s.keys[id].Short(), id, n.what()))
		}
	}
	s.saveIndex()
	if !s.options.DryJSON {
		return nil
	}
	s.describe(ctx, all, time.Now())
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	lines = append(lines, text.String())
	return nil
}

// A status is what would become of a task. One waits where its key cannot be known before a task that it depends on has run.
type status string

const (
	cached status = "cached"
	runs   status = "run"
	wait   status = "wait"
)

// A forecast is what would become of a task, and why.
type forecast struct {
	status   status
	because  string          // the task that has to run: this one or, where it waits, another before
	artifact *cache.Artifact // what the cache has
}

func (f forecast) outputs() []cache.Output {
	if f.artifact == nil {
		return nil
	}
	return f.artifact.Outputs
}

// foresee works out the keys of all tasks, as many at once as a run would, and what would become of each.
func (s *session) foresee(ctx context.Context) (map[string]forecast, error) {
	var mu sync.Mutex
	forecasts := make(map[string]forecast, len(s.graph.Nodes()))
	var failed error
	ahead := func(id string) (because string) {
		mu.Lock()
		defer mu.Unlock()
		for _, dep := range s.graph.Deps(id) {
			if because = forecasts[dep].because; because != "" {
				break
			}
		}
		return because
	}
	run.All(ctx, s.graph, run.Options[string]{Workers: s.options.Concurrency}, func(_ context.Context, id string) bool {
		n := s.node(id)
		key, err := s.key(n)
		var f forecast
		if err == nil {
			s.mu.Lock()
			s.keys[id] = key
			s.mu.Unlock()
			f = s.forecast(n, key, ahead(id))
			s.settle(n, key, f.outputs())
		}
		mu.Lock()
		defer mu.Unlock()
		forecasts[id], failed = f, cmp.Or(failed, err)
		return err == nil
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return forecasts, failed
}

// forecast says what would become of a task, where another one may have to run before.
func (s *session) forecast(n *node, key hash.Key, because string) forecast {
	if because != "" {
		return forecast{status: wait, because: because}
	}
	if n.isGroup() {
		return forecast{status: cached}
	}
	if n.tests && s.cacheable(n) {
		return s.forecastTests(n)
	}
	if artifact := s.lookUp(n, key); artifact != nil && !s.options.Force {
		return forecast{status: cached, artifact: artifact}
	}
	return forecast{status: runs, because: n.id}
}
