package realtime

import (
	"bytes"
	"context"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"magpie.build/packages/pubsub"
)

// A publication that is traced has these spans: "publish" where it was published, and on each server with
// subscribers "receive", until it is in the channel's log, and "deliver", until every connection has been
// written to, or taken over as one that lags. The trace travels in the stored publication, as a last
// field that clients never see: its value is a traceparent (W3C Trace Context, section 3.2).
//
//	{"data":…,"trace":"00-<32 hex digits>-<16 hex digits>-01"}
//
// Nobody but a server can write it there: what clients choose stands inside of data, info and tags.
const (
	traceField  = `,"trace":"`
	traceBytes  = len("00-") + 32 + len("-") + 16 + len("-01")
	traceSuffix = len(traceField) + traceBytes + len(`"}`)
)

// maxFanOuts is how many traced publications of a channel may be under way; more are not followed to
// their end. fanOutTime is when one is given up: its last subscriber may have left.
const (
	maxFanOuts = 64
	fanOutTime = 10 * time.Second
)

// appendTrace adds the context's trace to a stored publication, if somebody follows it and there is room.
func appendTrace(ctx context.Context, stored []byte) []byte {
	at := trace.SpanContextFromContext(ctx)
	if !at.IsSampled() || len(stored)+traceSuffix > pubsub.MaxData {
		return stored
	}
	stored = append(stored[:len(stored)-1], traceField...)
	stored = append(stored, "00-"+at.TraceID().String()+"-"+at.SpanID().String()+"-"+at.TraceFlags().String()...)
	return append(stored, `"}`...)
}

// cutTrace returns a stored publication without its last brace and without its trace, and the trace or nil.
func cutTrace(stored []byte) (open, parent []byte) {
	at := len(stored) - traceSuffix
	if at < 0 || !bytes.HasPrefix(stored[at:], []byte(traceField)) || stored[len(stored)-2] != '"' {
		return stored[:len(stored)-1], nil
	}
	parent = stored[at+len(traceField) : len(stored)-2]
	if _, ok := parseTrace(parent); !ok {
		return stored[:len(stored)-1], nil
	}
	return stored[:at], parent
}

// parseTrace understands a traceparent of version 00.
func parseTrace(parent []byte) (trace.SpanContext, bool) {
	if len(parent) != traceBytes || parent[2] != '-' || parent[35] != '-' || parent[52] != '-' {
		return trace.SpanContext{}, false
	}
	var config trace.SpanContextConfig
	var version, flags [1]byte
	for _, part := range []struct{ to, from []byte }{
		{version[:], parent[:2]}, {config.TraceID[:], parent[3:35]}, {config.SpanID[:], parent[36:52]}, {flags[:], parent[53:]},
	} {
		if _, err := hex.Decode(part.to, part.from); err != nil {
			return trace.SpanContext{}, false
		}
	}
	config.TraceFlags, config.Remote = trace.TraceFlags(flags[0]), true
	at := trace.NewSpanContext(config)
	return at, version[0] == 0 && at.IsValid()
}

// tracePublish begins the span of a publication. The function ends it.
func (h *Hub) tracePublish(ctx context.Context, channel string, publication Publication) (context.Context, func(pubsub.Position, error)) {
	if h.options.Tracer == nil {
		return ctx, func(pubsub.Position, error) {}
	}
	ctx, span := h.options.Tracer.Start(ctx, "publish", trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		attribute.String("messaging.system", "magpie"),
		attribute.String("messaging.destination.name", channel),
		attribute.Int("messaging.message.body.size", len(publication.Data))))
	return ctx, func(position pubsub.Position, err error) {
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
		span.SetAttributes(offsetOf(position))
		span.End()
	}
}

func offsetOf(position pubsub.Position) attribute.KeyValue {
	return attribute.Int64("magpie.offset", int64(position.Offset))
}

// fanOut is a traced publication on its way to this server's subscribers. All methods of a nil one do
// nothing.
type fanOut struct {
	tracer   trace.Tracer
	channel  *channel
	ctx      context.Context
	received trace.Span

	mu      sync.Mutex
	span    trace.Span
	pending [maxShards]bool // shards that have not written it
	late    *time.Timer
}

// fanOuts are those of a channel.
type fanOuts struct {
	// count lets a shard see without a lock that there is none.
	count atomic.Int32

	mu  sync.Mutex
	all []*fanOut
}

// arrive begins to follow a publication that was received, if it is traced.
func (h *Hub) arrive(ch *channel, publication pubsub.Publication) *fanOut {
	if h.options.Tracer == nil || len(publication.Data) < traceSuffix {
		return nil
	}
	_, parent := cutTrace(publication.Data)
	at, ok := parseTrace(parent)
	if !ok {
		return nil
	}
	f := &fanOut{tracer: h.options.Tracer, channel: ch}
	f.ctx, f.received = f.tracer.Start(trace.ContextWithRemoteSpanContext(h.ctx, at), "receive",
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
			attribute.String("messaging.system", "magpie"),
			attribute.String("messaging.destination.name", ch.name),
			offsetOf(publication.Position)))
	return f
}

// appended notes that the publication is in the log. It is called before the shards are told: a round that
// finds it there begins after.
func (f *fanOut) appended() {
	if f == nil {
		return
	}
	defer f.received.End()
	subscribers := 0
	for i := range f.channel.audiences {
		if n := int(f.channel.audiences[i].size.Load()); n > 0 {
			f.pending[i] = true
			subscribers += n
		}
	}
	// Held, as a round that another publication began may find it at once.
	f.mu.Lock()
	defer f.mu.Unlock()
	if subscribers == 0 || !f.channel.fanOuts.add(f) {
		return
	}
	_, f.span = f.tracer.Start(f.ctx, "deliver", trace.WithAttributes(attribute.Int("magpie.subscribers", subscribers)))
	f.late = time.AfterFunc(fanOutTime, f.giveUp)
}

// written notes that a shard has written to all that it has of the channel's subscribers.
func (f *fanOut) written(shard int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending[shard] = false
	if f.pending == [maxShards]bool{} {
		f.end()
	}
}

func (f *fanOut) giveUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.span.SetStatus(codes.Error, "not written to everybody in time")
	f.end()
}

// end ends the span. mu is held.
func (f *fanOut) end() {
	f.late.Stop()
	f.span.End() // once more does nothing
	f.channel.fanOuts.remove(f)
}

// add reports false when there are too many.
func (all *fanOuts) add(f *fanOut) bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(all.all) == maxFanOuts {
		return false
	}
	all.all = append(all.all, f)
	all.count.Store(int32(len(all.all)))
	return true
}

func (all *fanOuts) remove(f *fanOut) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for i, other := range all.all {
		if other == f {
			all.all = append(all.all[:i], all.all[i+1:]...)
			break
		}
	}
	all.count.Store(int32(len(all.all)))
}

// under appends those that are under way. A shard calls it before it looks at the log: what it then writes
// holds all of them.
func (all *fanOuts) under(list []*fanOut) []*fanOut {
	if all.count.Load() == 0 {
		return list
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	return append(list, all.all...)
}
