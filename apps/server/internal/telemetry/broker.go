package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"magpie.build/packages/pubsub"
)

// Broker is a broker with a span for each publication and each read of history that belong to a trace.
// Everything passes through. Safe for concurrent use.
type Broker struct {
	pubsub.Broker

	tracer trace.Tracer
}

var _ pubsub.Broker = (*Broker)(nil)

// TraceBroker returns a broker over another, or that one itself where tracer is nil.
func TraceBroker(broker pubsub.Broker, tracer trace.Tracer) pubsub.Broker {
	if tracer == nil {
		return broker
	}
	return &Broker{Broker: broker, tracer: tracer}
}

// Publish implements [pubsub.Broker].
func (b *Broker) Publish(ctx context.Context, channel string, data []byte, options pubsub.PublishOptions) (_ pubsub.Position, err error) {
	ctx, end := b.span(ctx, "broker publish", channel)
	defer end(&err)
	return b.Broker.Publish(ctx, channel, data, options)
}

// History implements [pubsub.Broker].
func (b *Broker) History(ctx context.Context, channel string, options pubsub.HistoryOptions) (_ pubsub.History, err error) {
	ctx, end := b.span(ctx, "broker history", channel)
	defer end(&err)
	return b.Broker.History(ctx, channel, options)
}

// span begins a span within the context's trace. Outside of one, as for probes, there is none.
func (b *Broker) span(ctx context.Context, name, channel string) (context.Context, func(*error)) {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, func(*error) {}
	}
	ctx, span := b.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("messaging.destination.name", channel)))
	return ctx, func(err *error) {
		if *err != nil {
			span.SetStatus(codes.Error, (*err).Error())
		}
		span.End()
	}
}
