// Package admin is what operators ask of a running server: whether it lives, whether it is ready for
// people, and what it counts. It is meant for a port of its own that only they can reach.
package admin

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"magpie.build/packages/pubsub"
)

// probeTime is how long readiness waits for a probe: a load balancer asks again every few seconds.
const probeTime = 2 * time.Second

// Admin answers operators. Safe for concurrent use.
type Admin struct {
	prober   pubsub.Prober
	registry *prometheus.Registry
	stopping atomic.Bool
}

// New returns an admin whose metrics are those of the Go runtime, the process and the given collectors.
func New(prober pubsub.Prober, metrics ...prometheus.Collector) *Admin {
	a := &Admin{prober: prober, registry: prometheus.NewRegistry()}
	a.registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.registry.MustRegister(metrics...)
	return a
}

// Stop makes the server unready for good: it is about to end.
func (a *Admin) Stop() { a.stopping.Store(true) }

// Metrics are what /metrics answers with.
func (a *Admin) Metrics() prometheus.Gatherer { return a.registry }

// Handler answers /healthz while the process runs, /readyz while people can be served, and /metrics in
// the Prometheus text format. Everything else is for pages to answer.
func (a *Admin) Handler(pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{}))
	mux.Handle("/", pages)
	return mux
}

func (a *Admin) ready(w http.ResponseWriter, r *http.Request) {
	if a.stopping.Load() {
		say(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), probeTime)
	defer cancel()
	if err := a.prober.Probe(ctx); err != nil {
		say(w, http.StatusServiceUnavailable, "the broker does not deliver: "+err.Error())
		return
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // whoever asked has gone: there is nobody left to tell
}
