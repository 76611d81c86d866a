package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"magpie.build/apps/server/internal/realtime"
)

// metric is one count of the hub's.
type metric struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
	value       func(realtime.Stats) float64
}

// metrics of realtime connections.
var metrics = []metric{
	gauge("connections", "Connections open now.", func(s realtime.Stats) int { return s.Connections }),
	gauge("channels", "Channels that somebody is subscribed to here.", func(s realtime.Stats) int { return s.Channels }),
	gauge("subscriptions", "Subscriptions of all connections.", func(s realtime.Stats) int { return s.Subscriptions }),
	counter("commands_total", "Commands that clients sent.", func(s realtime.Stats) uint64 { return s.Commands }),
	counter("publications_total", "Publications that the broker delivered to this server.", func(s realtime.Stats) uint64 { return s.Publications }),
	counter("deliveries_total", "Publications that left for clients, one for each subscriber.", func(s realtime.Stats) uint64 { return s.Deliveries }),
	counter("written_bytes_total", "Bytes written to connections.", func(s realtime.Stats) uint64 { return s.Bytes }),
	counter("slow_disconnects_total", "Connections ended because they lagged too far behind.", func(s realtime.Stats) uint64 { return s.Slow }),
	counter("breaks_total", "Subscriptions that were told of a hole in what they received.", func(s realtime.Stats) uint64 { return s.Breaks }),
}

func gauge(name, help string, value func(realtime.Stats) int) metric {
	return metric{describe(name, help), prometheus.GaugeValue, func(s realtime.Stats) float64 { return float64(value(s)) }}
}

func counter(name, help string, value func(realtime.Stats) uint64) metric {
	return metric{describe(name, help), prometheus.CounterValue, func(s realtime.Stats) float64 { return float64(value(s)) }}
}

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("magpie_realtime_"+name, help, nil, nil)
}

// hubCollector reads the hub's counts when it is asked.
type hubCollector struct{ stats func() realtime.Stats }

// HubMetrics returns the metrics of a hub, by its Stats method.
func HubMetrics(stats func() realtime.Stats) prometheus.Collector { return hubCollector{stats} }

// Describe implements [prometheus.Collector].
func (hubCollector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, m := range metrics {
		descriptions <- m.description
	}
}

// Collect implements [prometheus.Collector].
func (c hubCollector) Collect(values chan<- prometheus.Metric) {
	stats := c.stats()
	for _, m := range metrics {
		values <- prometheus.MustNewConstMetric(m.description, m.kind, m.value(stats))
	}
}
