package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie.build/tools/pipeline/internal/output"
	"magpie.build/tools/pipeline/internal/process"
	"magpie.build/tools/pipeline/internal/run"
)

// An Error says that a run did not succeed. What went wrong has been written to Stderr in full by then.
type Error struct {
	// Failed are the tasks that failed, as "module#task", in the order in which they did.
	Failed []string
	// Code is the highest exit code of the commands that failed, from 1 on: 137 where one was killed, 124 where
	// one took longer than it may, 1 where no command has a code.
	Code int
	// Interrupted is why the run was cut short, nil where it was not.
	Interrupted error
}

// Error returns one line.
func (e *Error) Error() string {
	switch {
	case e.Interrupted != nil:
		return "interrupted"
	case len(e.Failed) == 1:
		return e.Failed[0] + " failed"
	}
	return fmt.Sprintf("%d tasks failed: %s", len(e.Failed), strings.Join(e.Failed, ", "))
}

// Unwrap returns why the run was cut short.
func (e *Error) Unwrap() error { return e.Interrupted }

// ExitStatus is the code for the process to end with: 130 after an interruption, as shells have it, else Code.
func (e *Error) ExitStatus() int {
	if e.Interrupted != nil {
		return 130
	}
	return max(1, e.Code)
}

// exitCode is the code that the error of a task stands for; 124 after a timeout, as the program timeout has it.
func exitCode(err error) int {
	if errors.Is(err, ErrTimeout) {
		return 124
	}
	return process.Code(err)
}

// A tally is how the tasks of a run ended: their ids, in the order in which they did.
type tally struct {
	cached, ran, failed, cancelled, skipped []string
	blamed                                  []string            // failed tasks that keep others from running
	because                                 map[string][]string // those others
	saved                                   time.Duration       // what the cached ones took when they ran
}

func (s *session) tally(results []run.Result[string]) *tally {
	t := &tally{because: make(map[string][]string)}
	for _, r := range results {
		if s.node(r.Node).isGroup() {
			continue
		}
		e := s.ended[r.Node]
		switch {
		case e.same, r.Status == run.Skipped && s.ended[r.Because].same: // as before, in watch
		case s.node(r.Node).Persistent && r.Status == run.Succeeded:
			s.tallyService(t, r.Node)
		case r.Status == run.Skipped:
			t.skipped = append(t.skipped, r.Node)
			if r.Because != "" {
				t.blame(r)
			}
		case r.Status == run.Cancelled:
			t.cancelled = append(t.cancelled, r.Node)
		case r.Status == run.Failed:
			t.failed = append(t.failed, r.Node)
		case e.hit:
			t.cached = append(t.cached, r.Node)
			t.saved += e.took
		default:
			t.ran = append(t.ran, r.Node)
		}
	}
	return t
}

// tallyService counts a persistent task, unless it was not needed.
func (s *session) tallyService(t *tally, id string) {
	one := s.services.get(id)
	if one == nil || one.session != s {
		return
	}
	if !one.hasEnded() { // in watch it stays up
		t.ran = append(t.ran, id)
		return
	}
	s.ended[id] = ending{err: one.err, log: one.log, took: one.took, from: one.started, to: one.started.Add(one.took)}
	if one.err != nil {
		t.failed = append(t.failed, id)
	} else {
		t.ran = append(t.ran, id)
	}
}

func (t *tally) isEmpty() bool {
	return len(t.cached)+len(t.ran)+len(t.failed)+len(t.cancelled)+len(t.skipped) == 0
}

func (t *tally) blame(r run.Result[string]) {
	if !slices.Contains(t.blamed, r.Because) {
		t.blamed = append(t.blamed, r.Because)
	}
	t.because[r.Because] = append(t.because[r.Because], r.Node)
}

// line is the last line of a run.
func (t *tally) line(took time.Duration) string {
	all := len(t.cached) + len(t.ran) + len(t.failed) + len(t.cancelled) + len(t.skipped)
	line := fmt.Sprintf("%s: %d cached, %d run, %d failed", output.Count(all, "task"), len(t.cached), len(t.ran), len(t.failed))
	if len(t.cancelled) > 0 {
		line += fmt.Sprintf(", %d cancelled", len(t.cancelled))
	}
	if len(t.skipped) > 0 {
		line += fmt.Sprintf(", %d not run", len(t.skipped))
	}
	line += " (" + output.Duration(took)
	if t.saved > 0 {
		line += ", " + output.Duration(t.saved) + " saved"
	}
	return line + ")"
}

// finish says what was cached, what ran, and what was not run because of what, repeats failures in full, and closes with one line that counts.
func (s *session) finish(ctx context.Context, results []run.Result[string], started time.Time) error {
	t := s.tally(results)
	e := &Error{Failed: t.failed}
	for _, id := range t.failed {
		e.Code = max(e.Code, exitCode(s.ended[id].err))
	}
	if len(t.cached) > 0 {
		s.printer.List("cached:", s.byName(t.cached))
	}
	if len(t.ran) > 0 {
		s.printer.List("run:", s.longestFirst(t.ran))
	}
	if len(t.cancelled) > 0 {
		s.printer.List("cancelled:", t.cancelled)
	}
	for _, failed := range t.blamed {
		s.printer.List("not run, because "+failed+" failed:", slices.Sorted(slices.Values(t.because[failed])))
	}
	if len(t.cancelled)+len(t.skipped) > 0 { // else there was nothing left to do but to wait for the interruption
		e.Interrupted = context.Cause(ctx)
	}
	if e.Interrupted == nil {
		s.repeatFailures(t.failed)
	}
	r := s.report(results, t, e, started)
	r.write(ctx)
	s.printer.Say("%s", t.line(r.to.Sub(started)))
	r.export(ctx)
	if e.Interrupted == nil && len(e.Failed) == 0 {
		return nil
	}
	return e
}

// byName gathers tasks of the same name: "build in 10 modules".
func (s *session) byName(ids []string) []string {
	var names []string
	modules := make(map[string][]string)
	for _, id := range ids {
		name := s.node(id).Name
		if modules[name] == nil {
			names = append(names, name)
		}
		modules[name] = append(modules[name], id)
	}
	for i, name := range names {
		names[i] = modules[name][0]
		if n := len(modules[name]); n > 1 {
			names[i] = fmt.Sprintf("%s in %d modules", name, n)
		}
	}
	return names
}

// longestFirst names tasks with what they took, and with why they ran, where that is known.
func (s *session) longestFirst(ids []string) []string {
	sorted := slices.SortedStableFunc(slices.Values(ids), func(a, b string) int { return cmp.Compare(s.ended[b].took, s.ended[a].took) })
	for i, id := range sorted {
		sorted[i] = id + " " + output.Duration(s.ended[id].took)
		if why := s.records.cause(id, s.ended[id].from); why != "" {
			sorted[i] += " (" + why + ")"
		}
	}
	return sorted
}

func (s *session) repeatFailures(failed []string) {
	for _, id := range failed {
		t := s.ended[id]
		s.printer.Fail(id, "%v", t.err)
		if s.outputLogs(s.node(id)) != OutputNone {
			s.printer.Repeat(id, t.log)
		}
	}
}
