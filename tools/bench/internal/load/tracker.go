package load

// A tracker checks what one subscriber receives from one sender: every sequence number from 1 on, once,
// in order.
type tracker struct {
	last    int64
	missing map[int64]bool // skipped so far; nil while nothing is amiss
	faults  Faults
}

// Faults count what went wrong with deliveries.
type Faults struct {
	Lost      int64 `json:"lost"`
	Doubled   int64 `json:"doubled"`
	Reordered int64 `json:"reordered"`
}

// Any says whether there is a fault.
func (f Faults) Any() bool { return f != Faults{} }

func (f Faults) plus(more Faults) Faults {
	return Faults{f.Lost + more.Lost, f.Doubled + more.Doubled, f.Reordered + more.Reordered}
}

// maxMissing bounds the memory for numbers that were skipped. Beyond it, a late one counts as doubled.
const maxMissing = 10_000

// receive says whether the publication is there for the first time.
func (t *tracker) receive(seq int64) (first bool) {
	switch {
	case seq == t.last+1:
		t.last = seq
	case seq > t.last:
		t.skip(t.last+1, seq)
		t.last = seq
	case t.missing[seq]:
		delete(t.missing, seq)
		t.faults.Lost--
		t.faults.Reordered++
	default:
		t.faults.Doubled++
		return false
	}
	return true
}

func (t *tracker) skip(from, to int64) {
	t.faults.Lost += to - from
	if t.missing == nil {
		t.missing = map[int64]bool{}
	}
	for seq := from; seq < to && len(t.missing) < maxMissing; seq++ {
		t.missing[seq] = true
	}
}

// end counts what never came of the n that were sent.
func (t *tracker) end(n int64) Faults {
	f := t.faults
	f.Lost += max(0, n-t.last)
	return f
}
