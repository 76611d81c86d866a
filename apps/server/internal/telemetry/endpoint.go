package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
)

// endpoint is where one kind of data goes.
type endpoint struct {
	url      *url.URL
	headers  http.Header
	timeout  time.Duration
	interval time.Duration // of metrics
	client   http.Client
}

// newEndpoint returns where data of a kind goes, TRACES or METRICS, or nil where nobody asks for it.
func newEndpoint(env []string, kind, path string) (*endpoint, error) {
	get := lookup(env)
	own := func(name string) string {
		if value := get("OTEL_EXPORTER_OTLP_" + kind + "_" + name); value != "" {
			return value
		}
		return get("OTEL_EXPORTER_OTLP_" + name)
	}
	address := get("OTEL_EXPORTER_OTLP_" + kind + "_ENDPOINT")
	if base := get("OTEL_EXPORTER_OTLP_ENDPOINT"); address == "" && base != "" {
		address = strings.TrimSuffix(base, "/") + path
	}
	exporter := get("OTEL_" + kind + "_EXPORTER")
	if address == "" || exporter != "" && exporter != "otlp" || strings.EqualFold(get("OTEL_SDK_DISABLED"), "true") {
		return nil, nil
	}
	if protocol := own("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %s, but this server speaks http/protobuf: "+
			"set it to that, and the endpoint to the collector's for HTTP, usually port 4318", protocol)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the OpenTelemetry endpoint is no URL such as http://127.0.0.1:4318: look at OTEL_EXPORTER_OTLP_ENDPOINT")
	}
	return &endpoint{
		url: u, headers: headers(own("HEADERS")),
		timeout:  milliseconds(own("TIMEOUT"), 10*time.Second),
		interval: milliseconds(get("OTEL_METRIC_EXPORT_INTERVAL"), time.Minute),
	}, nil
}

func lookup(env []string) func(string) string {
	values := map[string]string{}
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

func milliseconds(text string, otherwise time.Duration) time.Duration {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return time.Duration(n) * time.Millisecond
	}
	return otherwise
}

// headers reads "name=value,name=value", with values in the encoding of URLs.
func headers(text string) http.Header {
	h := http.Header{}
	for pair := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(pair, "=")
		if decoded, err := url.PathUnescape(strings.TrimSpace(value)); ok && err == nil {
			h.Set(strings.TrimSpace(name), decoded)
		}
	}
	return h
}

// name is for people: without what may be secret.
func (e *endpoint) name() string { return e.url.Redacted() }

// maxAnswer is how much of a refusal is read.
const maxAnswer = 512

// post sends a message. A collector that is busy is not asked again: the next batch comes soon.
func (e *endpoint) post(ctx context.Context, message proto.Message) error {
	body, err := proto.Marshal(message)
	if err != nil {
		return fmt.Errorf("write telemetry: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("send to %s: %w", e.name(), err)
	}
	request.Header = e.headers.Clone()
	request.Header.Set("Content-Type", "application/x-protobuf")
	response, err := e.client.Do(request)
	if err != nil {
		return fmt.Errorf("send telemetry: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // what there is to know has been read
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("send telemetry to %s: it answers %s %q", e.name(), response.Status, bytes.TrimSpace(text))
	}
	return nil
}
