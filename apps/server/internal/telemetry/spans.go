package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resources "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	traces "go.opentelemetry.io/proto/slim/otlp/trace/v1"
)

// spanExporter sends the batches that the SDK makes.
type spanExporter struct{ endpoint *endpoint }

var _ sdktrace.SpanExporter = (*spanExporter)(nil)

// ExportSpans implements [sdktrace.SpanExporter]. All spans are of one program and one scope.
func (e *spanExporter) ExportSpans(ctx context.Context, batch []sdktrace.ReadOnlySpan) error {
	if len(batch) == 0 {
		return nil
	}
	spans := make([]*traces.Span, len(batch))
	for i, s := range batch {
		spans[i] = span(s)
	}
	return e.endpoint.post(ctx, &collector.ExportTraceServiceRequest{ResourceSpans: []*traces.ResourceSpans{{
		Resource:   source(batch[0].Resource()),
		ScopeSpans: []*traces.ScopeSpans{{Scope: &common.InstrumentationScope{Name: scope}, Spans: spans}},
	}}})
}

// Shutdown implements [sdktrace.SpanExporter].
func (e *spanExporter) Shutdown(context.Context) error {
	e.endpoint.client.CloseIdleConnections()
	return nil
}

func span(s sdktrace.ReadOnlySpan) *traces.Span {
	trace, id := s.SpanContext().TraceID(), s.SpanContext().SpanID()
	out := &traces.Span{
		TraceId: trace[:], SpanId: id[:], Flags: uint32(s.SpanContext().TraceFlags()),
		Name: s.Name(), Kind: traces.Span_SpanKind(s.SpanKind()), // both count from internal, which is 1
		StartTimeUnixNano: uint64(s.StartTime().UnixNano()), EndTimeUnixNano: uint64(s.EndTime().UnixNano()),
		Attributes: attributes(s.Attributes()),
	}
	if parent := s.Parent().SpanID(); parent.IsValid() {
		out.ParentSpanId = parent[:]
	}
	if status := s.Status(); status.Code == codes.Error {
		out.Status = &traces.Status{Code: traces.Status_STATUS_CODE_ERROR, Message: status.Description}
	}
	return out
}

func source(r *resource.Resource) *resources.Resource {
	return &resources.Resource{Attributes: attributes(r.Attributes())}
}

func attributes(list []attribute.KeyValue) []*common.KeyValue {
	out := make([]*common.KeyValue, len(list))
	for i, a := range list {
		value := &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: a.Value.String()}}
		if a.Value.Type() == attribute.INT64 {
			value.Value = &common.AnyValue_IntValue{IntValue: a.Value.AsInt64()}
		}
		out[i] = &common.KeyValue{Key: string(a.Key), Value: value}
	}
	return out
}
