package load

import (
	"testing"
	"time"
)

func TestQuantileIsWithinThreePercent(t *testing.T) {
	var h histogram
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Microsecond)
	}
	for share, want := range map[float64]time.Duration{0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond, 1: time.Millisecond} {
		if got := h.quantile(share); got < want || float64(got) > 1.04*float64(want) {
			t.Errorf("quantile %v is %v, want %v", share, got, want)
		}
	}
	if got := new(histogram).quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing is %v", got)
	}
}

func TestBucketsFollowEachOther(t *testing.T) {
	for ns := int64(1); ns < 1<<20; ns++ {
		b := bucket(ns)
		if before := bucket(ns - 1); b != before && b != before+1 {
			t.Fatalf("%d ns is in bucket %d, one less in %d", ns, b, before)
		}
		if ns > int64(upper(b)) || b > 0 && ns <= int64(upper(b-1)) {
			t.Fatalf("%d ns is in bucket %d, which ends at %d", ns, b, upper(b))
		}
	}
}

func TestTrackerCountsEachFault(t *testing.T) {
	tests := []struct {
		name     string
		received []int64
		sent     int64
		want     Faults
	}{
		{"all in order", []int64{1, 2, 3}, 3, Faults{}},
		{"nothing came", nil, 3, Faults{Lost: 3}},
		{"one lost between", []int64{1, 3}, 3, Faults{Lost: 1}},
		{"the last lost", []int64{1, 2}, 3, Faults{Lost: 1}},
		{"one twice", []int64{1, 2, 2, 3}, 3, Faults{Doubled: 1}},
		{"one late", []int64{1, 3, 2}, 3, Faults{Reordered: 1}},
		{"late and twice", []int64{1, 3, 2, 2}, 3, Faults{Reordered: 1, Doubled: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tr tracker
			for _, seq := range tt.received {
				tr.receive(seq)
			}
			if got := tr.end(tt.sent); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
