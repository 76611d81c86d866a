package load

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram counts durations in buckets that are at most 3 % wide. Safe for concurrent use.
type histogram struct {
	counts [64 * steps]atomic.Int64
	max    atomic.Int64
}

// steps is the number of buckets between a power of two and the next.
const steps = 32

func (h *histogram) add(d time.Duration) {
	ns := max(int64(d), 0)
	h.counts[bucket(ns)].Add(1)
	for {
		most := h.max.Load()
		if ns <= most || h.max.CompareAndSwap(most, ns) {
			return
		}
	}
}

func bucket(ns int64) int {
	if ns < steps {
		return int(ns)
	}
	power := bits.Len64(uint64(ns)) - bits.Len64(steps)
	return power*steps + int(ns>>power)
}

// upper returns the largest duration of a bucket.
func upper(bucket int) time.Duration {
	if bucket < 2*steps {
		return time.Duration(bucket)
	}
	power := bucket/steps - 1
	return time.Duration((int64(bucket-power*steps)+1)<<power - 1)
}

// quantile returns a duration that the given share of all does not exceed.
func (h *histogram) quantile(share float64) time.Duration {
	var total int64
	for i := range h.counts {
		total += h.counts[i].Load()
	}
	rank := max(1, int64(share*float64(total)+0.5))
	var seen int64
	for i := range h.counts {
		if seen += h.counts[i].Load(); seen >= rank {
			return min(upper(i), time.Duration(h.max.Load()))
		}
	}
	return 0
}
