package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"magpie.build/tools/pipeline"
)

// A collector hears of each task, with what the cache had and how it ended.
func TestCollectorHearsOfTheRun(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	heard := make(map[string][]byte)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		heard[r.URL.Path] = body
	}))
	t.Cleanup(collector.Close)
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"go.work": "go 1.26.0\nuse ./a\nuse ./b\n", "a/go.mod": "module example.com/a\ngo 1.26.0\n", "b/go.mod": "module example.com/b\ngo 1.26.0\n",
	})
	p, err := pipeline.New(dir, pipeline.Task{Name: "build", Inputs: []string{"go.mod"}, Func: func(_ context.Context, c pipeline.Call) error {
		if c.Module == "b" {
			return errors.New("broken")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time a comes from the cache
		err = p.Run(t.Context(), pipeline.Options{
			Tasks: []string{"build"}, Continue: pipeline.ContinueAlways, Stdout: io.Discard, Stderr: io.Discard,
			Env: append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL),
		})
		if failure, ok := errors.AsType[*pipeline.Error](err); !ok || !slices.Equal(failure.Failed, []string{"b#build"}) {
			t.Fatalf("the run ended with %v", err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	var traces struct {
		ResourceSpans []struct {
			ScopeSpans []struct {
				Spans []struct {
					Name   string
					Status struct{ Message string }
				}
			}
		}
	}
	if err := json.Unmarshal(heard["/v1/traces"], &traces); err != nil {
		t.Fatal(err)
	}
	var spans []string
	for _, s := range traces.ResourceSpans[0].ScopeSpans[0].Spans {
		spans = append(spans, s.Name+" "+s.Status.Message)
	}
	slices.Sort(spans)
	if got, want := strings.Join(spans, ", "), "a#build , b#build broken, magpie build b#build failed"; got != want {
		t.Errorf("spans %s, want %s", got, want)
	}
	for _, want := range []string{`"magpie.cache","value":{"stringValue":"HIT"}`, `"magpie.cache","value":{"stringValue":"MISS"}`} {
		if !strings.Contains(string(heard["/v1/traces"]), want) {
			t.Errorf("want %s in %s", want, heard["/v1/traces"])
		}
	}
	if !strings.Contains(string(heard["/v1/metrics"]), `"magpie.run.duration"`) {
		t.Errorf("metrics are %s", heard["/v1/metrics"])
	}
}
