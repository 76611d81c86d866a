package realtime_test

import (
	"encoding/json"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

// traced serves with a tracer that samples all or nothing, and returns what it recorded.
func traced(t *testing.T, sampler sdktrace.Sampler) (*server, *tracetest.SpanRecorder) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans), sdktrace.WithSampler(sampler))
	return serve(t, realtime.Options{Tracer: provider.Tracer("test")}), spans
}

func TestClientsNeverSeeTheTrace(t *testing.T) {
	s, spans := traced(t, sdktrace.AlwaysSample())
	c := subscribed(t, s, "room:1")
	s.publish(t, "room:1", `"x"`)
	if push := c.next(); strings.Contains(push, "trace") || !strings.Contains(push, `"pub":{"data":"x","offset":1`) {
		t.Errorf("live came %s", push)
	}
	late := dial(t, s.url)
	late.call(`{"id":1,"connect":{}}`)
	if reply := late.call(`{"id":2,"subscribe":{"channel":"room:1","recover":true}}`); strings.Contains(reply, "trace") || !strings.Contains(reply, `{"data":"x","offset":1`) {
		t.Errorf("recovered was %s", reply)
	}
	eventually(t, "publish, receive and deliver end", func() bool { return len(spans.Ended()) == 3 })
	for _, span := range spans.Ended() {
		if span.SpanContext().TraceID() != spans.Ended()[0].SpanContext().TraceID() {
			t.Errorf("%s is another trace", span.Name())
		}
	}
}

func TestWhatIsNotSampledCarriesNothing(t *testing.T) {
	s, spans := traced(t, sdktrace.NeverSample())
	c := subscribed(t, s, "room:1")
	s.publish(t, "room:1", `"x"`)
	c.next()
	history, err := s.broker.History(t.Context(), "room:1", pubsub.HistoryOptions{Limit: -1})
	if err != nil || strings.Contains(string(history.Publications[0].Data), "trace") {
		t.Errorf("stored is %s, %v", history.Publications[0].Data, err)
	}
	if n := len(spans.Ended()); n > 0 {
		t.Errorf("%d spans were made", n)
	}
}

func TestClientsCannotForgeATrace(t *testing.T) {
	s, spans := traced(t, sdktrace.ParentBased(sdktrace.NeverSample()))
	const forged = `"trace":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"`
	text, err := json.Marshal("x," + forged)
	if err != nil {
		t.Fatal(err)
	}
	c := subscribed(t, s, "plain:1")
	for _, data := range []string{`{"a":1,` + forged + `}`, string(text), `[{"a":1,` + forged + `}]`} {
		s.publish(t, "plain:1", data)
		if push, want := c.next(), `{"push":{"channel":"plain:1","pub":{"data":`+data+`}}}`; push != want {
			t.Errorf("came %s, want %s", push, want)
		}
	}
	if n := len(spans.Ended()); n > 0 {
		t.Errorf("%d spans follow a forged trace", n)
	}
}

func TestTracesThatAreNoneAreLeftAlone(t *testing.T) {
	s, spans := traced(t, sdktrace.AlwaysSample())
	c := subscribed(t, s, "plain:1")
	for _, trace := range []string{
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
	} {
		s.hub.HandlePublication("plain:1", pubsub.Publication{Data: []byte(`{"data":1,"trace":"` + trace + `"}`)})
		if push := c.next(); !strings.Contains(push, trace) {
			t.Errorf("of %s came %s", trace, push)
		}
	}
	if n := len(spans.Ended()); n > 0 {
		t.Errorf("%d spans were made", n)
	}
}

func TestADeliverySpanEndsWhenTheLastSubscriberIsWrittenTo(t *testing.T) {
	s, spans := traced(t, sdktrace.AlwaysSample())
	var clients []*client
	for range 50 {
		clients = append(clients, subscribed(t, s, "plain:1"))
	}
	const publications = 100
	for range publications {
		s.publish(t, "plain:1", `1`)
	}
	for _, c := range clients {
		for range publications {
			c.next()
		}
	}
	eventually(t, "all spans end", func() bool { return len(spans.Ended()) == len(spans.Started()) })
	delivered := 0
	for _, span := range spans.Ended() {
		if span.Name() == "deliver" {
			delivered++
		}
		if span.Status().Description != "" {
			t.Errorf("%s ended with %q", span.Name(), span.Status().Description)
		}
	}
	if delivered == 0 || delivered > publications {
		t.Errorf("%d deliveries were followed", delivered)
	}
}
