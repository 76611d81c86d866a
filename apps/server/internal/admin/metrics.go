package admin

import (
	"maps"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"magpie.build/apps/server/internal/realtime"
)

// metric is one count of the hub's.
type metric struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
	// values are by the value of the metric's label; a metric without one has a single value.
	values func(realtime.Stats) map[string]float64
}

// metrics of realtime connections. The guide on operations lists them all; a test compares.
var metrics = []metric{
	gauge("connections", "Connections open now.", func(s realtime.Stats) int { return s.Connections }),
	gauge("channels", "Channels that somebody is subscribed to here.", func(s realtime.Stats) int { return s.Channels }),
	gauge("subscriptions", "Subscriptions of all connections.", func(s realtime.Stats) int { return s.Subscriptions }),
	gauge("lagging_connections", "Connections that do not take now what they are sent.", func(s realtime.Stats) int { return s.Lagging }),
	gauge("max_lag_bytes", "How far the slowest connection is behind in a channel.", func(s realtime.Stats) int { return int(s.MaxLagBytes) }),
	counter("commands_total", "Commands that clients sent.", func(s realtime.Stats) uint64 { return s.Commands }),
	counter("read_bytes_total", "Bytes of messages from clients.", func(s realtime.Stats) uint64 { return s.ReadBytes }),
	counter("publications_total", "Publications that the broker delivered to this server.", func(s realtime.Stats) uint64 { return s.Publications }),
	counter("deliveries_total", "Publications that left for clients, one for each subscriber.", func(s realtime.Stats) uint64 { return s.Deliveries }),
	counter("written_bytes_total", "Bytes written to connections.", func(s realtime.Stats) uint64 { return s.Bytes }),
	counter("repairs_total", "Times that a slow reader was helped from history.", func(s realtime.Stats) uint64 { return s.Repairs }),
	counter("breaks_total", "Subscriptions that were told of a hole in what they received.", func(s realtime.Stats) uint64 { return s.Breaks }),
	counters("recoveries_total", "Subscriptions that asked for what they missed, by what came of it.", "outcome",
		[]string{string(realtime.RecoveryComplete), string(realtime.RecoveryLost), string(realtime.RecoveryFailed)},
		func(s realtime.Stats) map[realtime.Recovery]uint64 { return s.Recoveries },
		func(outcome realtime.Recovery) string { return string(outcome) }),
	counters("disconnects_total", "Connections that ended, by close code; 3000 is a client that left.", "code",
		[]string{code(realtime.DisconnectClosed), code(realtime.DisconnectSlow)},
		func(s realtime.Stats) map[realtime.DisconnectError]uint64 { return s.Disconnects }, code),
	counters("errors_total", "Commands that were answered with an error, by its code.", "code",
		[]string{code(realtime.ErrInternal.Code)},
		func(s realtime.Stats) map[uint32]uint64 { return s.Errors }, code),
}

func code[C ~uint16 | ~uint32](c C) string { return strconv.Itoa(int(c)) }

func gauge(name, help string, value func(realtime.Stats) int) metric {
	return metric{describe(name, help), prometheus.GaugeValue, func(s realtime.Stats) map[string]float64 {
		return map[string]float64{"": float64(value(s))}
	}}
}

func counter(name, help string, value func(realtime.Stats) uint64) metric {
	return metric{describe(name, help), prometheus.CounterValue, func(s realtime.Stats) map[string]float64 {
		return map[string]float64{"": float64(value(s))}
	}}
}

// counters is a counter for each value of a label. The known ones begin at 0: a rate can tell the first
// event from none only so.
func counters[K comparable](name, help, label string, known []string, values func(realtime.Stats) map[K]uint64, text func(K) string) metric {
	return metric{describe(name, help, label), prometheus.CounterValue, func(s realtime.Stats) map[string]float64 {
		all := map[string]float64{}
		for _, value := range known {
			all[value] = 0
		}
		for kind, count := range values(s) {
			all[text(kind)] = float64(count)
		}
		return all
	}}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("magpie_realtime_"+name, help, labels, nil)
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
func (c hubCollector) Collect(out chan<- prometheus.Metric) {
	stats := c.stats()
	for _, m := range metrics {
		values := m.values(stats)
		for _, label := range slices.Sorted(maps.Keys(values)) {
			var labels []string
			if label != "" {
				labels = []string{label}
			}
			out <- prometheus.MustNewConstMetric(m.description, m.kind, values[label], labels...)
		}
	}
}
