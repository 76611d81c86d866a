// Package telemetry sends traces and metrics to an OpenTelemetry collector, where the standard variables
// name one: OTEL_EXPORTER_OTLP_ENDPOINT, or one for traces or metrics alone. It is OTLP over HTTP, as
// protobuf. The SDK's own variables count too: sampler, batches, resource attributes. They are the one part
// of the environment that the program's configuration does not read: their names and rules are
// OpenTelemetry's (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
//
// Spans are made, sampled and batched by the official SDK. What is sent is written here: the official
// exporters bring gRPC along, and make the server's program twice as large. Metrics are those that
// Prometheus scrapes, gathered the same way.
//
// Without the variables there is nothing: no tracer, no goroutine, no cost.
//
// There are two goroutines: the SDK's, which exports spans, and [Telemetry]'s own, which exports metrics. Both
// end with [Telemetry.Close].
package telemetry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// scope names what spans and metrics are of.
const scope = "magpie.build/apps/server"

// closeTime is how long the last spans and counts may take on their way: the server has ended by then.
const closeTime = 3 * time.Second

// Telemetry exports until it is closed. Safe for concurrent use.
type Telemetry struct {
	log      *slog.Logger
	resource *resource.Resource
	began    time.Time
	traces   *sdktrace.TracerProvider // nil where nobody collects traces
	metrics  *endpoint                // nil where nobody collects metrics

	end     context.CancelFunc // of the goroutine that exports metrics; nil where there is none
	exports sync.WaitGroup
}

// Open begins to export traces, where the environment names who collects them.
func Open(ctx context.Context, env []string, log *slog.Logger) (*Telemetry, error) {
	t := &Telemetry{log: log, began: time.Now()}
	traces, err := newEndpoint(env, "TRACES", "/v1/traces")
	if err != nil {
		return nil, err
	}
	if t.metrics, err = newEndpoint(env, "METRICS", "/v1/metrics"); err != nil || traces == nil && t.metrics == nil {
		return t, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("telemetry is not exported", "error", err) }))
	// What stands later wins: the environment says who this is better than the program can.
	t.resource, err = resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "magpie-server"), attribute.String("service.instance.id", rand.Text())),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	if traces != nil {
		t.traces = sdktrace.NewTracerProvider(sdktrace.WithBatcher(&spanExporter{endpoint: traces}), sdktrace.WithResource(t.resource))
		log.Info("traces are exported", "collector", traces.name())
	}
	return t, nil
}

// Tracer returns what makes spans, or nil where nobody collects them.
func (t *Telemetry) Tracer() trace.Tracer {
	if t.traces == nil {
		return nil
	}
	return t.traces.Tracer(scope)
}

// Export begins to export metrics, where the environment names who collects them. It is called once.
func (t *Telemetry) Export(ctx context.Context, metrics prometheus.Gatherer) {
	if t.metrics == nil {
		return
	}
	t.log.Info("metrics are exported", "collector", t.metrics.name(), "interval", t.metrics.interval)
	ctx, t.end = context.WithCancel(context.WithoutCancel(ctx))
	t.exports.Go(func() {
		tick := time.NewTicker(t.metrics.interval)
		defer tick.Stop()
		for ended := false; !ended; {
			select {
			case <-tick.C:
			case <-ctx.Done(): // once more, with the last counts
				ended = true
			}
			t.exportMetrics(ctx, metrics)
		}
	})
}

// exportMetrics sends the counts of now, in less time when it is the last time.
func (t *Telemetry) exportMetrics(ctx context.Context, metrics prometheus.Gatherer) {
	limit := t.metrics.timeout
	if ctx.Err() != nil {
		limit = min(limit, closeTime)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	families, err := metrics.Gather()
	if err == nil {
		err = t.metrics.post(ctx, t.metricsRequest(families, time.Now()))
	}
	if err != nil {
		t.log.Warn("telemetry is not exported", "error", err)
	}
}

// Close exports what is left, also when ctx has ended.
func (t *Telemetry) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if t.end != nil {
		t.end()
		t.exports.Wait()
	}
	if t.traces == nil {
		return
	}
	if err := t.traces.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.log.Warn("telemetry is not exported", "error", err)
	}
}
