package admin

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"magpie.build/packages/pubsub"
)

var (
	brokerUp     = prometheus.NewDesc("magpie_broker_up", "1 when a publication just came back through the broker, else 0.", nil, nil)
	probeSeconds = prometheus.NewDesc("magpie_broker_probe_seconds", "How long that publication took, there and back.", nil, nil)
)

// probeCollector sends a probe through the broker when it is asked: so it knows of now.
type probeCollector struct{ prober pubsub.Prober }

// ProbeMetrics returns the metrics of the way through the broker and back.
func ProbeMetrics(prober pubsub.Prober) prometheus.Collector { return probeCollector{prober} }

// Describe implements [prometheus.Collector].
func (probeCollector) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- brokerUp
	descriptions <- probeSeconds
}

// Collect implements [prometheus.Collector].
func (c probeCollector) Collect(values chan<- prometheus.Metric) {
	// A collector is given no context; the time bounds it.
	ctx, cancel := context.WithTimeout(context.Background(), probeTime) //nolint:forbidigo // see above
	defer cancel()
	began := time.Now()
	up := 1.0
	if err := c.prober.Probe(ctx); err != nil {
		up = 0
	}
	values <- prometheus.MustNewConstMetric(brokerUp, prometheus.GaugeValue, up)
	values <- prometheus.MustNewConstMetric(probeSeconds, prometheus.GaugeValue, time.Since(began).Seconds())
}
