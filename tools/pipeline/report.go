package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/otlp"
	"magpie.build/tools/pipeline/internal/run"
	"magpie.build/tools/pipeline/internal/summary"
	"magpie.build/tools/pipeline/internal/trace"
)

// A report is a run that has ended, for files and for others. What goes wrong with it is a warning: the run went as it went.
type report struct {
	*session

	id       string
	from, to time.Time
	results  []run.Result[string]
	tally    *tally
	code     int // the run's exit code
}

func (s *session) report(results []run.Result[string], t *tally, e *Error, started time.Time) *report {
	r := &report{session: s, id: summary.NewID(started), from: started, to: time.Now(), results: results, tally: t}
	if e.Interrupted != nil || len(e.Failed) > 0 {
		r.code = e.ExitStatus()
	}
	return r
}

// write writes the files that are asked for, and says where they are.
func (r *report) write(ctx context.Context) {
	if r.options.Summarize {
		r.put("summary", filepath.Join(r.folder(), r.id+".json"), func() ([]byte, error) { return r.summary(ctx) })
	}
	if name := r.options.Profile; name != "" {
		if name == auto {
			name = filepath.Join(r.folder(), r.id+".trace.json")
		}
		r.put("profile", name, func() ([]byte, error) {
			var b bytes.Buffer
			err := r.trace().Chrome(&b)
			return b.Bytes(), err
		})
	}
}

func (r *report) folder() string { return filepath.Join(r.pipeline.state, "runs") }

// kept is how many files of past runs stay.
const kept = 100

func (r *report) put(what, name string, content func() ([]byte, error)) {
	name, err := r.pipeline.inside(name)
	if err == nil {
		var data []byte
		if data, err = content(); err == nil {
			err = hash.WriteFile(name, data)
		}
	}
	if err != nil {
		r.printer.Warn("the %s is not written: %v", what, err)
		return
	}
	prune(r.folder())
	if relative, err := filepath.Rel(r.pipeline.workspace.Root, name); err == nil {
		name = relative
	}
	r.printer.Say("%s: %s", what, name)
}

// prune removes the oldest files from a folder whose names tell their age.
func prune(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range entries[:max(0, len(entries)-kept)] {
		_ = os.Remove(filepath.Join(folder, entry.Name())) // the next run tries again
	}
}

// summary returns the run summary.
func (r *report) summary(ctx context.Context) ([]byte, error) {
	all := &summary.Run{Execution: &summary.Execution{
		Command: strings.Join(append([]string{"magpie"}, r.options.Tasks...), " "),
		Success: len(r.tally.ran), Failed: len(r.tally.failed), Cached: len(r.tally.cached),
		Attempted:       len(r.tally.ran) + len(r.tally.failed) + len(r.tally.cached),
		StartTimeMillis: r.from.UnixMilli(), EndTimeMillis: r.to.UnixMilli(), ExitCode: r.code,
	}}
	byID := make(map[string]run.Result[string], len(r.results))
	for _, result := range r.results {
		byID[result.Node] = result
	}
	for _, id := range r.graph.Nodes() {
		task, err := r.task(byID[id])
		if err != nil {
			return nil, err
		}
		all.Tasks = append(all.Tasks, task)
	}
	r.describe(ctx, all, r.from)
	all.ID = r.id
	data, err := json.MarshalIndent(all, "", "  ")
	return append(data, '\n'), err
}

func (r *report) task(result run.Result[string]) (summary.Task, error) {
	e := r.ended[result.Node]
	f := forecast{status: runs, artifact: e.artifact}
	if _, known := r.keys[result.Node]; !known {
		f = forecast{status: wait, because: cmp.Or(result.Because, "a task")}
	}
	task, err := r.summarize(r.node(result.Node), f)
	if err != nil || e.from.IsZero() {
		return task, err
	}
	task.Execution = &summary.TaskExecution{StartTimeMillis: e.from.UnixMilli(), EndTimeMillis: e.to.UnixMilli()}
	if e.err != nil {
		task.Execution.ExitCode, task.Execution.Error = exitCode(e.err), e.err.Error()
	}
	return task, nil
}

// trace returns when the tasks of the run were worked on.
func (r *report) trace() trace.Run {
	t := trace.Run{Span: trace.Span{
		Name: "magpie " + strings.Join(r.options.Tasks, " "), Start: r.from, End: r.to,
		Attributes: []trace.Attribute{
			{Key: trace.Cached, Value: len(r.tally.cached)},
			{Key: trace.Executed, Value: len(r.tally.ran)},
			{Key: trace.Failed, Value: len(r.tally.failed)},
			{Key: trace.Cancelled, Value: len(r.tally.cancelled)},
			{Key: trace.Skipped, Value: len(r.tally.skipped)},
			{Key: "process.exit.code", Value: r.code},
		},
	}}
	if len(r.tally.failed) > 0 {
		t.Error = strings.Join(r.tally.failed, ", ") + " failed"
	}
	for _, result := range r.results {
		e := r.ended[result.Node]
		n := r.node(result.Node)
		if e.from.IsZero() || n.isGroup() {
			continue
		}
		status := "MISS"
		if e.hit {
			status = "HIT"
		}
		span := trace.Span{Name: n.id, Start: e.from, End: e.to, Attributes: []trace.Attribute{
			{Key: "magpie.task", Value: n.Name},
			{Key: "magpie.module", Value: n.member()},
			{Key: "magpie.hash", Value: r.keys[n.id].String()},
			{Key: "magpie.cache", Value: status},
		}}
		if e.err != nil {
			span.Error = e.err.Error()
		}
		t.Tasks = append(t.Tasks, span)
	}
	return t
}

// export tells an OpenTelemetry collector of the run, where the standard variables name one.
func (r *report) export(ctx context.Context) {
	if !slices.ContainsFunc(r.options.Env, func(v string) bool { return strings.HasPrefix(v, "OTEL_") }) {
		return
	}
	limit := time.Minute // the exporter has a shorter one of its own
	if ctx.Err() != nil {
		limit = 2 * time.Second // somebody waits
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	exporter, err := otlp.New(variable(r.options.Env))
	if err == nil && exporter != nil {
		err = exporter.Send(ctx, r.trace())
	}
	if err != nil {
		r.printer.Warn("OpenTelemetry hears nothing of this run: %v", err)
	}
}
