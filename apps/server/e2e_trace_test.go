package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
	metrics "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	traces "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"magpie.build/packages/pubsub/redis/redistest"
)

// collector receives what servers export.
type collector struct {
	*httptest.Server

	mu      sync.Mutex
	spans   []exportedSpan
	metrics map[string]bool
	broken  []string
}

// exportedSpan is a span and which server it is of.
type exportedSpan struct {
	*tracev1.Span

	instance string
}

func (s exportedSpan) id() string     { return hex.EncodeToString(s.GetSpanId()) }
func (s exportedSpan) parent() string { return hex.EncodeToString(s.GetParentSpanId()) }

func collect(t *testing.T) *collector {
	t.Helper()
	c := &collector{metrics: map[string]bool{}}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	t.Cleanup(func() {
		for _, problem := range c.broken {
			t.Error(problem)
		}
	})
	return c
}

// ServeHTTP implements [http.Handler].
func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("Api-Key") != "a key" {
		c.broken = append(c.broken, fmt.Sprintf("the collector was sent %s of %v: %v", r.URL, r.Header, err))
	}
	switch r.URL.Path {
	case "/v1/traces":
		var request traces.ExportTraceServiceRequest
		c.understood(proto.Unmarshal(body, &request))
		for _, source := range request.GetResourceSpans() {
			instance := ""
			for _, a := range source.GetResource().GetAttributes() {
				if a.GetKey() == "service.instance.id" {
					instance = a.GetValue().GetStringValue()
				}
			}
			for _, s := range source.GetScopeSpans() {
				for _, span := range s.GetSpans() {
					c.spans = append(c.spans, exportedSpan{span, instance})
				}
			}
		}
	case "/v1/metrics":
		var request metrics.ExportMetricsServiceRequest
		c.understood(proto.Unmarshal(body, &request))
		for _, m := range request.GetResourceMetrics()[0].GetScopeMetrics()[0].GetMetrics() {
			c.metrics[m.GetName()] = true
		}
	default:
		c.broken = append(c.broken, "the collector was asked for "+r.URL.Path)
	}
}

func (c *collector) understood(err error) {
	if err != nil {
		c.broken = append(c.broken, "the collector was sent what it does not understand: "+err.Error())
	}
}

// named returns the spans of a name that came so far.
func (c *collector) named(name string) []exportedSpan {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []exportedSpan
	for _, s := range c.spans {
		if s.GetName() == name {
			found = append(found, s)
		}
	}
	return found
}

func (c *collector) env() []string {
	return []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_HEADERS=api-key=a%20key",
		"OTEL_BSP_SCHEDULE_DELAY=100", "OTEL_METRIC_EXPORT_INTERVAL=200",
	}
}

// roommate is a client in the general room.
type roommate struct {
	t    *testing.T
	room *centrifuge.Subscription
	data chan string
}

func share(t *testing.T, s *server, name string) *roommate {
	t.Helper()
	response, err := http.PostForm(s.url+"/token", url.Values{"name": {name}}) //nolint:noctx // the server ends with the test
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var reply struct{ Token string }
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	m := &roommate{t: t, data: make(chan string, 10)}
	client := centrifuge.NewJsonClient("ws"+strings.TrimPrefix(s.url, "http")+"/connection/websocket", centrifuge.Config{Token: reply.Token})
	t.Cleanup(client.Close)
	if m.room, err = client.NewSubscription("room:general"); err != nil {
		t.Fatal(err)
	}
	subscribed := make(chan struct{}, 1)
	m.room.OnSubscribed(func(centrifuge.SubscribedEvent) { subscribed <- struct{}{} })
	m.room.OnPublication(func(e centrifuge.PublicationEvent) { m.data <- string(e.Data) })
	if err := m.room.Subscribe(); err != nil {
		t.Fatal(err)
	}
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	m.await(subscribed)
	return m
}

func (m *roommate) await(happened <-chan struct{}) {
	m.t.Helper()
	select {
	case <-happened:
	case <-time.After(patience):
		m.t.Fatal("waited in vain")
	}
}

func (m *roommate) say(text string) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	if _, err := m.room.Publish(ctx, fmt.Appendf(nil, `{"cid":%q,"text":%q}`, strings.ReplaceAll(text, " ", "-"), text)); err != nil {
		m.t.Fatal(err)
	}
}

func (m *roommate) hears(text string) {
	m.t.Helper()
	select {
	case data := <-m.data:
		if !strings.Contains(data, text) {
			m.t.Fatalf("heard %s, want %q", data, text)
		}
	case <-time.After(patience):
		m.t.Fatalf("never heard %q", text)
	}
}

// waitUntil polls until the condition holds.
func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for late := time.After(patience); !holds(); {
		select {
		case <-poll.C:
		case <-late:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestATraceLeadsFromPublishToWriteOverTwoServers(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	redis := redistest.Start(t, redistest.Options{})
	c := collect(t)
	env := append(c.env(), "REDIS_URL="+redis.URL())
	one, two := start(t, env...), start(t, env...)
	ada, bob := share(t, one, "Ada"), share(t, two, "Bob")
	ada.say("traced")
	ada.hears("traced")
	bob.hears("traced")

	waitUntil(t, "both servers export that they delivered", func() bool { return len(c.named("deliver")) == 2 })
	waitUntil(t, "all that led there is exported", func() bool {
		return len(c.named("publish")) == 1 && len(c.named("broker publish")) == 1 && len(c.named("receive")) == 2
	})
	publish := c.named("publish")[0]
	if broker := c.named("broker publish")[0]; broker.parent() != publish.id() || broker.instance != publish.instance {
		t.Error("the broker's span is not a part of publishing")
	}
	instances := map[string]bool{}
	received := map[string]exportedSpan{}
	for _, s := range c.named("receive") {
		instances[s.instance] = true
		received[s.id()] = s
		if s.parent() != publish.id() || string(s.GetTraceId()) != string(publish.GetTraceId()) {
			t.Error("what was received does not follow from what was published")
		}
	}
	if len(instances) != 2 {
		t.Errorf("%d servers received it, want 2", len(instances))
	}
	for _, s := range c.named("deliver") {
		from, ok := received[s.parent()]
		if !ok || from.instance != s.instance || s.GetEndTimeUnixNano() < s.GetStartTimeUnixNano() || s.GetStatus() != nil {
			t.Errorf("a delivery does not follow from what its server received: %v", s)
		}
	}
	waitUntil(t, "metrics are exported, too", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.metrics["magpie_realtime_deliveries_total"] && c.metrics["magpie_broker_operation_seconds"] && c.metrics["process_open_fds"]
	})
}

func TestSamplingIsHonoured(t *testing.T) {
	c := collect(t)
	s := start(t, append(c.env(), "OTEL_TRACES_SAMPLER=always_off")...)
	ada := share(t, s, "Ada")
	ada.say("not traced")
	ada.hears("not traced")
	s.stop() // which exports what is left
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spans) > 0 {
		t.Errorf("%d spans were exported", len(c.spans))
	}
	if !c.metrics["magpie_realtime_connections"] {
		t.Error("no metrics were exported")
	}
}

func TestSpansLeftAtTheEndAreExported(t *testing.T) {
	c := collect(t)
	s := start(t, append(c.env(), "OTEL_BSP_SCHEDULE_DELAY=600000")...)
	ada := share(t, s, "Ada")
	ada.say("last words")
	ada.hears("last words")
	s.stop()
	for _, name := range []string{"publish", "receive", "deliver"} {
		if n := len(c.named(name)); n != 1 {
			t.Errorf("%d spans of %q were exported, want 1", n, name)
		}
	}
}
