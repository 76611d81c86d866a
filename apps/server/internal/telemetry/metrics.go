package telemetry

import (
	"math"
	"time"

	prometheus "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel/attribute"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
)

// metricsRequest says in OTLP what Prometheus would be told.
func (t *Telemetry) metricsRequest(families []*prometheus.MetricFamily, now time.Time) *collector.ExportMetricsServiceRequest {
	c := converter{start: uint64(t.began.UnixNano()), now: uint64(now.UnixNano())}
	var all []*metrics.Metric
	for _, family := range families {
		if m := c.metric(family); m != nil {
			all = append(all, m)
		}
	}
	return &collector.ExportMetricsServiceRequest{ResourceMetrics: []*metrics.ResourceMetrics{{
		Resource:     source(t.resource),
		ScopeMetrics: []*metrics.ScopeMetrics{{Scope: &common.InstrumentationScope{Name: scope}, Metrics: all}},
	}}}
}

// converter turns metrics of Prometheus into those of OTLP. What is counted is counted since start.
type converter struct{ start, now uint64 }

// metric returns nil for a kind that OTLP does not have in this form: summaries, of which there is the Go
// runtime's of its pauses.
func (c converter) metric(family *prometheus.MetricFamily) *metrics.Metric {
	m := &metrics.Metric{Name: family.GetName(), Description: family.GetHelp()}
	cumulative := metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE
	switch family.GetType() {
	case prometheus.MetricType_COUNTER:
		points := c.numbers(family, func(p *prometheus.Metric) float64 { return p.GetCounter().GetValue() })
		m.Data = &metrics.Metric_Sum{Sum: &metrics.Sum{DataPoints: points, AggregationTemporality: cumulative, IsMonotonic: true}}
	case prometheus.MetricType_GAUGE:
		points := c.numbers(family, func(p *prometheus.Metric) float64 { return p.GetGauge().GetValue() })
		m.Data = &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: points}}
	case prometheus.MetricType_HISTOGRAM:
		m.Data = &metrics.Metric_Histogram{Histogram: &metrics.Histogram{DataPoints: c.histograms(family), AggregationTemporality: cumulative}}
	default:
		return nil
	}
	return m
}

func (c converter) numbers(family *prometheus.MetricFamily, value func(*prometheus.Metric) float64) []*metrics.NumberDataPoint {
	points := make([]*metrics.NumberDataPoint, len(family.GetMetric()))
	for i, p := range family.GetMetric() {
		points[i] = &metrics.NumberDataPoint{
			Attributes: labels(p), StartTimeUnixNano: c.start, TimeUnixNano: c.now,
			Value: &metrics.NumberDataPoint_AsDouble{AsDouble: value(p)},
		}
	}
	return points
}

// histograms: Prometheus' buckets each hold those before, OTLP's do not; and OTLP's last one has no bound.
func (c converter) histograms(family *prometheus.MetricFamily) []*metrics.HistogramDataPoint {
	points := make([]*metrics.HistogramDataPoint, len(family.GetMetric()))
	for i, p := range family.GetMetric() {
		h := p.GetHistogram()
		sum := h.GetSampleSum()
		point := &metrics.HistogramDataPoint{
			Attributes: labels(p), StartTimeUnixNano: c.start, TimeUnixNano: c.now, Count: h.GetSampleCount(), Sum: &sum,
		}
		before := uint64(0)
		for _, b := range h.GetBucket() {
			if math.IsInf(b.GetUpperBound(), 1) {
				break
			}
			point.ExplicitBounds = append(point.ExplicitBounds, b.GetUpperBound())
			point.BucketCounts = append(point.BucketCounts, b.GetCumulativeCount()-before)
			before = b.GetCumulativeCount()
		}
		point.BucketCounts = append(point.BucketCounts, h.GetSampleCount()-before)
		points[i] = point
	}
	return points
}

func labels(p *prometheus.Metric) []*common.KeyValue {
	var all []attribute.KeyValue
	for _, l := range p.GetLabel() {
		all = append(all, attribute.String(l.GetName(), l.GetValue()))
	}
	return attributes(all)
}
