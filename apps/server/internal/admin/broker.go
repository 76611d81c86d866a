package admin

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"magpie.build/packages/pubsub"
)

// Broker is a broker that measures what is asked of another one. Everything passes through. Safe for
// concurrent use.
type Broker struct {
	pubsub.Broker

	operations map[string]prometheus.Observer
	seconds    *prometheus.HistogramVec
	failures   *prometheus.CounterVec
}

var (
	_ pubsub.Broker        = (*Broker)(nil)
	_ prometheus.Collector = (*Broker)(nil)
)

// The names of operations, as labels.
const (
	publish     = "publish"
	history     = "history"
	remove      = "remove_history"
	subscribe   = "subscribe"
	unsubscribe = "unsubscribe"
	enter       = "enter"
	leave       = "leave"
	members     = "members"
	counts      = "presence_stats"
)

// latencies are from what a broker in memory takes to where the broker gives up.
var latencies = []float64{.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}

// MeasureBroker returns a broker over another.
func MeasureBroker(broker pubsub.Broker) *Broker {
	b := &Broker{
		Broker:     broker,
		operations: map[string]prometheus.Observer{},
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "magpie_broker_operation_seconds", Help: "How long the broker took, failures included.", Buckets: latencies,
		}, []string{"operation"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "magpie_broker_failures_total", Help: "Operations that the broker did not carry out.",
		}, []string{"operation"}),
	}
	for _, operation := range []string{publish, history, remove, subscribe, unsubscribe, enter, leave, members, counts} {
		b.operations[operation] = b.seconds.WithLabelValues(operation)
		b.failures.WithLabelValues(operation)
	}
	return b
}

// repairs are the metrics of a [pubsub.Repairer].
var repairs = []struct {
	description *prometheus.Desc
	value       func(pubsub.Repairs) uint64
}{
	{
		prometheus.NewDesc("magpie_broker_repair_reads_total", "Times that this server read history for publications that had not arrived.", nil, nil),
		func(r pubsub.Repairs) uint64 { return r.Reads },
	}, {
		prometheus.NewDesc("magpie_broker_repaired_publications_total", "Publications that came by a repair.", nil, nil),
		func(r pubsub.Repairs) uint64 { return r.Publications },
	}, {
		prometheus.NewDesc("magpie_broker_breaks_total", "Times that a channel could not be continued without a hole.", nil, nil),
		func(r pubsub.Repairs) uint64 { return r.Breaks },
	},
}

// Describe implements [prometheus.Collector].
func (b *Broker) Describe(descriptions chan<- *prometheus.Desc) {
	b.seconds.Describe(descriptions)
	b.failures.Describe(descriptions)
	for _, m := range repairs {
		descriptions <- m.description
	}
}

// Collect implements [prometheus.Collector].
func (b *Broker) Collect(values chan<- prometheus.Metric) {
	b.seconds.Collect(values)
	b.failures.Collect(values)
	repairer, ok := b.Broker.(pubsub.Repairer)
	if !ok {
		return
	}
	counts := repairer.Repairs()
	for _, m := range repairs {
		values <- prometheus.MustNewConstMetric(m.description, prometheus.CounterValue, float64(m.value(counts)))
	}
}

// note counts an operation that began at some time and ends now.
func (b *Broker) note(operation string, began time.Time, err *error) {
	b.operations[operation].Observe(time.Since(began).Seconds())
	if *err != nil && !answered(*err) {
		b.failures.WithLabelValues(operation).Inc()
	}
}

// answered reports whether an error is the broker's answer to what was asked, or the asker's end, and
// not the broker's failure.
func answered(err error) bool {
	for _, answer := range []error{
		pubsub.ErrUnrecoverable, pubsub.ErrTooLarge, pubsub.ErrInvalidChannel, pubsub.ErrInvalidOptions, pubsub.ErrClosed, context.Canceled,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// Publish implements [pubsub.Broker].
func (b *Broker) Publish(ctx context.Context, channel string, data []byte, options pubsub.PublishOptions) (_ pubsub.Position, err error) {
	defer b.note(publish, time.Now(), &err)
	return b.Broker.Publish(ctx, channel, data, options)
}

// History implements [pubsub.Broker].
func (b *Broker) History(ctx context.Context, channel string, options pubsub.HistoryOptions) (_ pubsub.History, err error) {
	defer b.note(history, time.Now(), &err)
	return b.Broker.History(ctx, channel, options)
}

// RemoveHistory implements [pubsub.Broker].
func (b *Broker) RemoveHistory(ctx context.Context, channel string) (err error) {
	defer b.note(remove, time.Now(), &err)
	return b.Broker.RemoveHistory(ctx, channel)
}

// Subscribe implements [pubsub.Broker].
func (b *Broker) Subscribe(ctx context.Context, channel string) (err error) {
	defer b.note(subscribe, time.Now(), &err)
	return b.Broker.Subscribe(ctx, channel)
}

// Unsubscribe implements [pubsub.Broker].
func (b *Broker) Unsubscribe(ctx context.Context, channel string) (err error) {
	defer b.note(unsubscribe, time.Now(), &err)
	return b.Broker.Unsubscribe(ctx, channel)
}

// Enter implements [pubsub.Broker].
func (b *Broker) Enter(ctx context.Context, channel string, member pubsub.Member, options pubsub.PresenceOptions) (err error) {
	defer b.note(enter, time.Now(), &err)
	return b.Broker.Enter(ctx, channel, member, options)
}

// Leave implements [pubsub.Broker].
func (b *Broker) Leave(ctx context.Context, channel, id string) (err error) {
	defer b.note(leave, time.Now(), &err)
	return b.Broker.Leave(ctx, channel, id)
}

// Members implements [pubsub.Broker].
func (b *Broker) Members(ctx context.Context, channel string) (_ []pubsub.Member, err error) {
	defer b.note(members, time.Now(), &err)
	return b.Broker.Members(ctx, channel)
}

// PresenceStats implements [pubsub.Broker].
func (b *Broker) PresenceStats(ctx context.Context, channel string) (_ pubsub.PresenceStats, err error) {
	defer b.note(counts, time.Now(), &err)
	return b.Broker.PresenceStats(ctx, channel)
}
