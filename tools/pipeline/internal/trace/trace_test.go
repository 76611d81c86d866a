package trace_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie.build/tools/pipeline/internal/trace"
)

// Tasks that ran at once lie on different lines, those that ran one after the other share one.
func TestLanes(t *testing.T) {
	t.Parallel()
	start := time.Unix(100, 0)
	span := func(name string, from, to int) trace.Span {
		return trace.Span{Name: name, Start: start.Add(time.Duration(from) * time.Second), End: start.Add(time.Duration(to) * time.Second)}
	}
	run := trace.Run{Span: span("run", 0, 9), Tasks: []trace.Span{span("d", 4, 9), span("a", 0, 2), span("b", 1, 4), span("c", 2, 5)}}
	run.Tasks[0].Error = "oops"
	var text strings.Builder
	if err := run.Chrome(&text); err != nil {
		t.Fatal(err)
	}
	var written struct {
		TraceEvents []struct {
			Name, Ph string
			TS, Dur  int64
			TID      int
			Args     map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text.String()), &written); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range written.TraceEvents {
		got = append(got, fmt.Sprint(e.Name, e.TID, " ", e.TS/1e6, "+", e.Dur/1e6))
	}
	if got, want := strings.Join(got, ", "), "run0 0+9, a1 0+2, b2 1+3, c1 2+3, d2 4+5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if last := written.TraceEvents[4]; last.Ph != "X" || last.Args["error"] != "oops" {
		t.Errorf("the failed task is %+v", last)
	}
}
