package otlp

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"magpie.build/tools/pipeline/internal/trace"
)

// The messages of OTLP 1, in its JSON form: ids in hexadecimal, 64-bit numbers as strings.

type attribute struct {
	Key   string         `json:"key"`
	Value map[string]any `json:"value"`
}

func newAttribute(key string, value any) attribute {
	switch v := value.(type) {
	case bool:
		return attribute{key, map[string]any{"boolValue": v}}
	case int:
		return attribute{key, map[string]any{"intValue": strconv.Itoa(v)}}
	case float64:
		return attribute{key, map[string]any{"doubleValue": v}}
	}
	return attribute{key, map[string]any{"stringValue": fmt.Sprint(value)}}
}

type span struct {
	TraceID      string      `json:"traceId"`
	SpanID       string      `json:"spanId"`
	ParentSpanID string      `json:"parentSpanId,omitempty"`
	Name         string      `json:"name"`
	Kind         int         `json:"kind"`
	Start        string      `json:"startTimeUnixNano"`
	End          string      `json:"endTimeUnixNano"`
	Attributes   []attribute `json:"attributes,omitempty"`
	Status       status      `json:"status"`
}

// A status is unset or an error.
type status struct {
	Code    int    `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

const (
	kindInternal = 1
	codeError    = 2
	deltas       = 1 // what was counted since the last time, which there was none of
)

type metric struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Unit        string `json:"unit"`
	Gauge       *gauge `json:"gauge,omitempty"`
	Sum         *sum   `json:"sum,omitempty"`
}

type gauge struct {
	Points []point `json:"dataPoints"`
}

type sum struct {
	Points      []point `json:"dataPoints"`
	Temporality int     `json:"aggregationTemporality"`
	Monotonic   bool    `json:"isMonotonic"`
}

type point struct {
	Attributes []attribute `json:"attributes,omitempty"`
	Start      string      `json:"startTimeUnixNano"`
	Time       string      `json:"timeUnixNano"`
	Double     *float64    `json:"asDouble,omitempty"`
	Int        string      `json:"asInt,omitempty"`
}

var scope = map[string]any{"name": "magpie.build/tools/pipeline"}

// A parent is the span that a run belongs to, in a trace that somebody else began.
type parent struct{ trace, span string }

// traceparent is the form of W3C's Trace Context, 3.2.
const traceparent = `^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}`

func readParent(text string) parent {
	if found := regexp.MustCompile(traceparent).FindStringSubmatch(text); found != nil {
		return parent{found[1], found[2]}
	}
	return parent{trace: newID(16)}
}

func newID(length int) string {
	id := make([]byte, length)
	_, _ = rand.Read(id) // it never fails
	return hex.EncodeToString(id)
}

func nano(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// spans is the request that tells of the run and its tasks.
func (e *Exporter) spans(r trace.Run) any {
	root := newID(8)
	all := []span{e.span(r.Span, root, e.parent.span)}
	for _, t := range r.Tasks {
		all = append(all, e.span(t, newID(8), root))
	}
	return e.request("resourceSpans", "scopeSpans", "spans", all)
}

func (e *Exporter) span(s trace.Span, id, parentID string) span {
	out := span{
		TraceID: e.parent.trace, SpanID: id, ParentSpanID: parentID,
		Name: s.Name, Kind: kindInternal, Start: nano(s.Start), End: nano(s.End), Attributes: attributes(s.Attributes),
	}
	if s.Error != "" {
		out.Status = status{codeError, s.Error}
	}
	return out
}

func attributes(list []trace.Attribute) []attribute {
	var all []attribute
	for _, a := range list {
		all = append(all, newAttribute(a.Key, a.Value))
	}
	return all
}

// measurements is the request with the numbers of the run: how long it took, and, of its attributes, those that count tasks.
func (e *Exporter) measurements(r trace.Run) any {
	seconds := r.End.Sub(r.Start).Seconds()
	duration := point{Start: nano(r.Start), Time: nano(r.End), Double: &seconds}
	tasks := &sum{Temporality: deltas, Monotonic: true}
	for _, a := range r.Attributes {
		count, isCount := a.Value.(int)
		if outcome, ok := outcomes[a.Key]; ok && isCount {
			tasks.Points = append(tasks.Points, point{
				Start: nano(r.Start), Time: nano(r.End), Int: strconv.Itoa(count), Attributes: []attribute{newAttribute("outcome", outcome)},
			})
			continue
		}
		duration.Attributes = append(duration.Attributes, newAttribute(a.Key, a.Value))
	}
	return e.request("resourceMetrics", "scopeMetrics", "metrics", []metric{
		{Name: "magpie.run.duration", Description: "How long a run took.", Unit: "s", Gauge: &gauge{[]point{duration}}},
		{Name: "magpie.run.tasks", Description: "Tasks of a run by how they ended.", Unit: "{task}", Sum: tasks},
	})
}

// outcomes are the attributes of a run that count its tasks.
var outcomes = map[string]string{
	trace.Cached: "cached", trace.Executed: "run", trace.Failed: "failed", trace.Cancelled: "cancelled", trace.Skipped: "skipped",
}

// request wraps data in the messages that name its source.
func (e *Exporter) request(resources, scopes, name string, data any) any {
	return map[string]any{resources: []any{map[string]any{
		"resource": map[string]any{"attributes": e.resource},
		scopes:     []any{map[string]any{"scope": scope, name: data}},
	}}}
}
