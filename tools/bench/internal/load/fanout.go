package load

import (
	"context"
	"errors"
	"io"
	"time"
)

// FanOut bounds the measurement of rooms with subscribers. All fields but Prefix are required.
type FanOut struct {
	// Prefix begins the names of the rooms: servers choose by it what a room offers.
	Prefix string
	Rooms  int
	// Subscribers is how many each room has.
	Subscribers int
	// Rate is how many publications a second enter all rooms together in the first measurement.
	Rate float64
	// Duration is how long each measurement publishes.
	Duration time.Duration
	// Bytes is the size of a payload.
	Bytes int
	// Steps is how many rates are tried at most in search of the highest.
	Steps int
}

// MaxP99 is what a rate must stay below to count as reached.
const MaxP99 = 100 * time.Millisecond

// Measured is rooms under one rate of publications.
type Measured struct {
	Faults

	Rate       float64       `json:"publications_per_second"`
	Deliveries float64       `json:"deliveries_per_second"`
	P50        time.Duration `json:"p50_ns"`
	P99        time.Duration `json:"p99_ns"`
	Max        time.Duration `json:"max_ns"`
	// CPU is the server's time for one delivery; zero where it cannot be read.
	CPU   time.Duration `json:"server_cpu_per_delivery_ns"`
	RSS   int64         `json:"server_rss_bytes"`
	Notes []string      `json:"notes,omitempty"`
}

// Holds says whether the rate was reached: everything delivered, in order, in time.
func (m Measured) Holds() bool {
	return !m.Any() && m.P99 < MaxP99 && m.Deliveries > 0 && len(m.Notes) == 0
}

// Fixed measures the rooms at the configured rate.
func (f FanOut) Fixed(ctx context.Context, s Server) (Measured, error) {
	return f.at(ctx, s, f.Rate)
}

// Highest looks for the highest rate that holds, first by doubling, then by halving the gap, and returns
// the best that did. A rate that does not hold is tried a second time: one hiccup of the machine is no limit.
func (f FanOut) Highest(ctx context.Context, s Server, progress io.Writer) (Measured, error) {
	var best Measured
	low, high, rate := 0.0, 0.0, f.Rate
	for range f.Steps {
		m, err := f.twice(ctx, s, rate)
		if err != nil {
			return best, err
		}
		say(progress, "  %8.0f deliveries/s: p99 %v, holds: %v %v", rate*float64(f.Subscribers), m.P99.Round(100*time.Microsecond), m.Holds(), m.Notes)
		if m.Holds() {
			best, low = m, rate
		} else {
			high = rate
		}
		switch {
		case high == 0:
			rate *= 2
		case high-low < low/10:
			return best, nil
		default:
			rate = (low + high) / 2
		}
	}
	return best, nil
}

func (f FanOut) twice(ctx context.Context, s Server, rate float64) (Measured, error) {
	m, err := f.at(ctx, s, rate)
	if err == nil && !m.Holds() {
		return f.at(ctx, s, rate)
	}
	return m, err
}

// patience is how long nothing may arrive before what is missing counts as lost.
const patience = 3 * time.Second

func (f FanOut) at(ctx context.Context, s Server, rate float64) (Measured, error) {
	r, err := openRooms(ctx, s, f)
	if err != nil {
		return Measured{}, err
	}
	before, usageErr := s.Usage()
	start := time.Now()
	sent, publishErr := r.publish(ctx, rate, f.Duration)
	took := max(time.Since(start), f.Duration)
	r.drain(ctx, sent, patience)
	after, _ := s.Usage()
	delivered := r.delivered.Load()
	faults, noted := r.close(sent)
	if ctx.Err() != nil {
		return Measured{}, ctx.Err()
	}

	m := Measured{
		Rate: float64(sent) / took.Seconds(), Deliveries: float64(delivered) / took.Seconds(), Faults: faults,
		P50: r.latencies.quantile(0.5), P99: r.latencies.quantile(0.99), Max: r.latencies.quantile(1), RSS: after.RSS,
	}
	if delivered > 0 && usageErr == nil {
		m.CPU = (after.CPU - before.CPU) / time.Duration(delivered)
	}
	for _, err := range append(noted, publishErr, slow(sent, rate, f.Duration)) {
		if err != nil {
			m.Notes = append(m.Notes, err.Error())
		}
	}
	return m, nil
}

// slow says when the publisher could not send what the rate asks for.
func slow(sent int64, rate float64, d time.Duration) error {
	if float64(sent) < 0.95*rate*d.Seconds() {
		return errors.New("the server took publications slower than they were due")
	}
	return nil
}
