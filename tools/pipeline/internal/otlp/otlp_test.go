package otlp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"magpie.build/tools/pipeline/internal/otlp"
	"magpie.build/tools/pipeline/internal/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func variables(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// A collector keeps what it is sent, by path.
type collector struct {
	*httptest.Server

	mu     sync.Mutex
	bodies map[string][]byte
	header http.Header
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{bodies: make(map[string][]byte)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies[r.URL.Path], c.header = body, r.Header
		if r.URL.Path == "/broken" {
			http.Error(w, "no room", http.StatusInsufficientStorage)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func sample() trace.Run {
	start := time.Unix(1_700_000_000, 5)
	return trace.Run{
		Span: trace.Span{
			Name: "magpie build", Start: start, End: start.Add(2 * time.Second), Error: "b#build failed",
			Attributes: []trace.Attribute{{Key: trace.Cached, Value: 1}, {Key: trace.Failed, Value: 1}, {Key: "process.exit.code", Value: 3}},
		},
		Tasks: []trace.Span{
			{Name: "a#build", Start: start, End: start.Add(time.Second), Attributes: []trace.Attribute{{Key: "magpie.cache", Value: "HIT"}}},
			{Name: "b#build", Start: start, End: start.Add(time.Second), Error: "exit status 3"},
		},
	}
}

func TestSendsSpansAndMetrics(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	e, err := otlp.New(variables(
		"OTEL_EXPORTER_OTLP_ENDPOINT", c.URL+"/base/", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", c.URL+"/m",
		"OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b, x-other = c", "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-key=own",
		"OTEL_RESOURCE_ATTRIBUTES", "service.name=ignored,team=birds", "OTEL_SERVICE_NAME", "nest",
		"TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Send(t.Context(), sample()); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.header.Get("X-Key"); got != "own" {
		t.Errorf("metrics were sent with X-Key %q, want their own", got)
	}
	var traces struct {
		ResourceSpans []struct {
			Resource   json.RawMessage
			ScopeSpans []struct {
				Spans []struct{ TraceID, SpanID, ParentSpanID, Name, StartTimeUnixNano string }
			}
		}
	}
	if err := json.Unmarshal(c.bodies["/base/v1/traces"], &traces); err != nil {
		t.Fatalf("%v in %s", err, c.bodies)
	}
	spans := traces.ResourceSpans[0].ScopeSpans[0].Spans
	if len(spans) != 3 || spans[0].ParentSpanID != "b7ad6b7169203331" || spans[1].ParentSpanID != spans[0].SpanID || spans[2].ParentSpanID != spans[0].SpanID {
		t.Errorf("spans %+v, want two below one below the parent", spans)
	}
	for _, s := range spans {
		if s.TraceID != "0af7651916cd43dd8448eb211c80319c" || len(s.SpanID) != 16 || s.StartTimeUnixNano != "1700000000000000005" {
			t.Errorf("span %+v is not of the trace, or not of its time", s)
		}
	}
	for path, wants := range map[string][]string{
		"/base/v1/traces": {`"stringValue":"nest"`, `"stringValue":"birds"`, `"message":"exit status 3"`, `"code":2`},
		"/m":              {`"name":"magpie.run.duration"`, `"asDouble":2`, `"asInt":"1"`, `"stringValue":"failed"`, `"aggregationTemporality":1`},
	} {
		for _, want := range wants {
			if !strings.Contains(string(c.bodies[path]), want) {
				t.Errorf("%s was sent\n%s\nwithout %s", path, c.bodies[path], want)
			}
		}
	}
	if dir := os.Getenv("OTLP_SAMPLES"); dir != "" { // to look at them, or to check them with another program
		for path, body := range c.bodies {
			if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)+".json"), body, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestNothingIsSentUnlessAskedFor(t *testing.T) {
	t.Parallel()
	for _, env := range [][]string{
		nil,
		{"OTEL_SERVICE_NAME", "x"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "OTEL_SDK_DISABLED", "true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none"},
		{"OTEL_TRACES_EXPORTER", "console"},
	} {
		if e, err := otlp.New(variables(env...)); e != nil || err != nil {
			t.Errorf("with %v there is %v, %v, want nothing", env, e, err)
		}
	}
	for _, env := range [][]string{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
	} {
		if _, err := otlp.New(variables(env...)); err == nil {
			t.Errorf("with %v there is no error", env)
		}
	}
	if e, err := otlp.New(variables("OTEL_TRACES_EXPORTER", "otlp")); e == nil || err != nil {
		t.Errorf("with the default endpoint there is %v, %v", e, err)
	}
}

func TestSaysWhatDidNotArrive(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(hangs.Close)
	e, err := otlp.New(variables(
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.URL+"/broken",
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", hangs.URL, "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "50",
	))
	if err != nil {
		t.Fatal(err)
	}
	err = e.Send(t.Context(), sample())
	for _, want := range []string{"/broken: 507 Insufficient Storage no room", hangs.URL + ": context deadline exceeded"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want it to hold %q", err, want)
		}
	}
}
