package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/summary"
)

// dry writes what a run would do: a line for each task, dependencies first, or all of it as JSON.
func (s *session) dry(ctx context.Context) error {
	if c, err := s.pipeline.openCaches(); err == nil {
		s.cache = c
	}
	run := &summary.Run{}
	var lines []string // written at once, not by a system call for each
	defer func() { s.printer.Result(lines...) }()
	waits := make(map[string]string) // for tasks that will not simply be there: that one which has to run
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
		f := s.forecast(n, waits)
		s.settle(n, key, f.outputs())
		switch f.status {
		case wait:
			waits[id] = f.because
		case runs:
			waits[id] = id
		case cached:
		}
		if s.options.DryJSON {
			task, err := s.summarize(n, f)
			if err != nil {
				return err
			}
			run.Tasks = append(run.Tasks, task)
		} else if !n.isGroup() {
			lines = append(lines, fmt.Sprintf("%-6s %s  %s  %s", f.status, key.Short(), id, n.what()))
		}
	}
	s.saveIndex()
	if !s.options.DryJSON {
		return nil
	}
	s.describe(ctx, run, time.Now())
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(run); err != nil {
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
	because  string          // the task that has to run before, where this one waits
	artifact *cache.Artifact // what the cache has
}

func (f forecast) outputs() []cache.Output {
	if f.artifact == nil {
		return nil
	}
	return f.artifact.Outputs
}

func (s *session) forecast(n *node, waits map[string]string) forecast {
	for _, dep := range s.graph.Deps(n.id) {
		if waits[dep] != "" {
			return forecast{status: wait, because: waits[dep]}
		}
	}
	if n.isGroup() {
		return forecast{status: cached}
	}
	if n.tests && s.cacheable(n) {
		return s.forecastTests(n)
	}
	if artifact := s.lookUp(n, s.keys[n.id]); artifact != nil && !s.options.Force {
		return forecast{status: cached, artifact: artifact}
	}
	return forecast{status: runs}
}
