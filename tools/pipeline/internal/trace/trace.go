// Package trace holds when what happened in a run, and writes it for the tools that show such things.
package trace

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"time"
)

// A Span is something that took time.
type Span struct {
	Name       string
	Start, End time.Time
	Attributes []Attribute
	// Error is what went wrong, empty where nothing did.
	Error string
}

// An Attribute is a fact about a span: a string, bool, int or float64.
type Attribute struct {
	Key   string
	Value any
}

// A Run is the span of a run, and those of its tasks.
type Run struct {
	Span

	Tasks []Span
}

// An event is a complete event of the Trace Event Format, which chrome://tracing and Perfetto read. Times are in microseconds.
type event struct {
	Name      string         `json:"name"`
	Category  string         `json:"cat"`
	Phase     string         `json:"ph"`
	Timestamp int64          `json:"ts"`
	Duration  int64          `json:"dur"`
	Process   int            `json:"pid"`
	Thread    int            `json:"tid"`
	Arguments map[string]any `json:"args,omitempty"`
}

// Chrome writes the run in the Trace Event Format: the run on a line of its own, and tasks that ran at once on different ones.
func (r Run) Chrome(w io.Writer) error {
	tasks := slices.SortedStableFunc(slices.Values(r.Tasks), func(a, b Span) int { return a.Start.Compare(b.Start) })
	events := []event{r.complete(r.Span, "run", 0)}
	var lanes []time.Time // when the last task on it ended
	for _, t := range tasks {
		lane := slices.IndexFunc(lanes, func(free time.Time) bool { return !free.After(t.Start) })
		if lane < 0 {
			lane = len(lanes)
			lanes = append(lanes, time.Time{})
		}
		lanes[lane] = t.End
		events = append(events, r.complete(t, "task", lane+1))
	}
	return json.NewEncoder(w).Encode(map[string]any{"traceEvents": events, "displayTimeUnit": "ms"})
}

func (r Run) complete(s Span, category string, lane int) event {
	e := event{
		Name: s.Name, Category: category, Phase: "X", Process: 1, Thread: lane, Arguments: make(map[string]any),
		Timestamp: s.Start.Sub(r.Start).Microseconds(), Duration: cmp.Or(s.End.Sub(s.Start).Microseconds(), 1),
	}
	for _, a := range s.Attributes {
		e.Arguments[a.Key] = a.Value
	}
	if s.Error != "" {
		e.Arguments["error"] = s.Error
	}
	return e
}

// Attributes of a run that count its tasks by how they ended.
const (
	Cached    = "magpie.tasks.cached"
	Executed  = "magpie.tasks.run"
	Failed    = "magpie.tasks.failed"
	Cancelled = "magpie.tasks.cancelled"
	Skipped   = "magpie.tasks.skipped"
)
