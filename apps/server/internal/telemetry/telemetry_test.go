package telemetry_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	metrics "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"magpie.build/apps/server/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheEnvironmentSaysWhatIsExported(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"
	for _, c := range []struct {
		env    string
		traces bool
		err    string
	}{
		{"", false, ""},
		{endpoint, true, ""},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:1/v1/traces", true, ""},
		{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://127.0.0.1:1/v1/metrics", false, ""},
		{endpoint + " OTEL_SDK_DISABLED=true", false, ""},
		{endpoint + " OTEL_TRACES_EXPORTER=none", false, ""},
		{endpoint + " OTEL_TRACES_EXPORTER=otlp", true, ""},
		{endpoint + " OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", true, ""},
		{endpoint + " OTEL_EXPORTER_OTLP_PROTOCOL=grpc", false, "http/protobuf"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=127.0.0.1:4317", false, "OTEL_EXPORTER_OTLP_ENDPOINT"},
	} {
		exports, err := telemetry.Open(t.Context(), strings.Fields(c.env), slog.New(slog.DiscardHandler))
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: the error is %v, want one about %s", c.env, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.env, err)
			continue
		}
		if got := exports.Tracer() != nil; got != c.traces {
			t.Errorf("%s: traces are exported: %t", c.env, got)
		}
		exports.Close(t.Context())
	}
}

func TestMetricsAreThoseOfPrometheus(t *testing.T) {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ends_total", Help: "Ends."}, []string{"code"})
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "open"})
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "seconds", Buckets: []float64{.1, 1}})
	registry.MustRegister(counter, gauge, histogram)
	counter.WithLabelValues("3000").Add(4)
	gauge.Set(7)
	for _, v := range []float64{.05, .5, .6, 2} {
		histogram.Observe(v)
	}

	received := make(chan *collector.ExportMetricsServiceRequest, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := &collector.ExportMetricsServiceRequest{}
		if err := proto.Unmarshal(body, request); err != nil {
			t.Error(err)
		}
		received <- request
	}))
	defer server.Close()
	exports, err := telemetry.Open(t.Context(), []string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=" + server.URL + "/any/path"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	exports.Export(t.Context(), registry)
	exports.Close(t.Context()) // which exports what there is

	byName := map[string]*metrics.Metric{}
	for _, m := range (<-received).GetResourceMetrics()[0].GetScopeMetrics()[0].GetMetrics() {
		byName[m.GetName()] = m
	}
	sum := byName["ends_total"].GetSum()
	if point := sum.GetDataPoints()[0]; !sum.GetIsMonotonic() || point.GetAsDouble() != 4 || point.GetAttributes()[0].GetValue().GetStringValue() != "3000" {
		t.Errorf("the counter is %v", sum)
	}
	if point := byName["open"].GetGauge().GetDataPoints()[0]; point.GetAsDouble() != 7 {
		t.Errorf("the gauge is %v", point)
	}
	point := byName["seconds"].GetHistogram().GetDataPoints()[0]
	if got := point.GetBucketCounts(); len(got) != 3 || got[0] != 1 || got[1] != 2 || got[2] != 1 || len(point.GetExplicitBounds()) != 2 || point.GetCount() != 4 {
		t.Errorf("the histogram is %v", point)
	}
}

func TestACollectorThatRefusesIsAWarningWithoutSecrets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no such tenant", http.StatusForbidden)
	}))
	defer server.Close()
	var log bytes.Buffer
	exports, err := telemetry.Open(t.Context(), []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + strings.Replace(server.URL, "://", "://user:pass-word@", 1), "OTEL_EXPORTER_OTLP_HEADERS=api-key=se-cret",
	}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, span := exports.Tracer().Start(t.Context(), "something", trace.WithSpanKind(trace.SpanKindInternal))
	span.End()
	exports.Close(t.Context())
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "no such tenant") {
		t.Errorf("the log says:\n%s", &log)
	}
	for _, secret := range []string{"pass-word", "se-cret"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, &log)
		}
	}
}
