// Package otlp tells an OpenTelemetry collector of a run: a span for it and one for each task, and a few metrics, over HTTP
// as JSON, where the standard variables say so.
//
// It writes the protocol itself. The official exporters make each start of the program slower by more than a millisecond and
// the binary 12 MB larger, for two requests at the end of a run.
package otlp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"magpie.build/tools/pipeline/internal/trace"
)

// An Exporter knows where to send what.
type Exporter struct {
	traces, metrics *endpoint // nil for what is not wanted
	resource        []attribute
	parent          parent
}

// An endpoint is where one kind of data goes.
type endpoint struct {
	url     string
	headers map[string]string
	timeout time.Duration
}

// New reads the variables of the OpenTelemetry specification: OTEL_EXPORTER_OTLP_* with those for traces and for metrics,
// OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and OTEL_SDK_DISABLED; and TRACEPARENT, which names a
// span that the run belongs to. It returns nil where they ask for nothing, and an error where they ask for what cannot be had.
func New(env func(string) string) (*Exporter, error) {
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") {
		return nil, nil
	}
	traces, err := newEndpoint(env, "TRACES", "/v1/traces")
	if err != nil {
		return nil, err
	}
	metrics, err := newEndpoint(env, "METRICS", "/v1/metrics")
	if err != nil || traces == nil && metrics == nil {
		return nil, err
	}
	return &Exporter{traces: traces, metrics: metrics, resource: resource(env), parent: readParent(env("TRACEPARENT"))}, nil
}

// newEndpoint returns where data of one kind goes, nil where nobody asks for it.
func newEndpoint(env func(string) string, kind, path string) (*endpoint, error) {
	own := func(name string) string {
		if value := env("OTEL_EXPORTER_OTLP_" + kind + "_" + name); value != "" {
			return value
		}
		return env("OTEL_EXPORTER_OTLP_" + name)
	}
	address := env("OTEL_EXPORTER_OTLP_" + kind + "_ENDPOINT")
	if base := env("OTEL_EXPORTER_OTLP_ENDPOINT"); address == "" && base != "" {
		address = strings.TrimSuffix(base, "/") + path
	}
	switch exporter := env("OTEL_" + kind + "_EXPORTER"); exporter {
	case "":
		if address == "" {
			return nil, nil
		}
	case "otlp":
		if address == "" {
			address = "http://localhost:4318" + path
		}
	default: // none, or one that is not ours
		return nil, nil
	}
	if protocol := own("PROTOCOL"); protocol == "grpc" {
		return nil, errors.New("OTEL_EXPORTER_OTLP_PROTOCOL is grpc\nhint: set it to http/json, and the endpoint to that for HTTP, usually port 4318")
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the OpenTelemetry endpoint %q is no URL such as http://localhost:4318", address)
	}
	e := &endpoint{url: address, headers: make(map[string]string), timeout: 10 * time.Second}
	for _, pair := range pairs(own("HEADERS")) {
		e.headers[pair[0]] = pair[1]
	}
	if ms, err := strconv.Atoi(own("TIMEOUT")); err == nil && ms > 0 {
		e.timeout = time.Duration(ms) * time.Millisecond
	}
	return e, nil
}

// pairs reads "name=value,name=value", with values in the encoding of URLs.
func pairs(text string) [][2]string {
	var all [][2]string
	for pair := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		if decoded, err := url.PathUnescape(value); err == nil {
			value = decoded
		}
		all = append(all, [2]string{strings.TrimSpace(name), value})
	}
	return all
}

// resource is what the data comes from.
func resource(env func(string) string) []attribute {
	name := env("OTEL_SERVICE_NAME")
	var all []attribute
	for _, pair := range pairs(env("OTEL_RESOURCE_ATTRIBUTES")) {
		if pair[0] != "service.name" {
			all = append(all, newAttribute(pair[0], pair[1]))
		} else if name == "" {
			name = pair[1]
		}
	}
	if name == "" {
		name = "magpie"
	}
	return append(all, newAttribute("service.name", name))
}

// Send tells of a run. The error says what did not arrive.
func (e *Exporter) Send(ctx context.Context, r trace.Run) error {
	var problems []error
	if e.traces != nil {
		problems = append(problems, e.traces.post(ctx, e.spans(r)))
	}
	if e.metrics != nil {
		problems = append(problems, e.metrics.post(ctx, e.measurements(r)))
	}
	return errors.Join(problems...)
}

func (e *endpoint) post(ctx context.Context, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range e.headers {
		request.Header.Set(name, value)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("send to %s: %w", e.url, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 512)) // what there is of it helps
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("send to %s: %s %s", e.url, response.Status, bytes.TrimSpace(text))
	}
	return nil
}
