package memory

import "magpie.build/packages/pubsub"

// choose returns the first and last offset that o asks for of a history that ends at top and keeps
// so many publications; last is below first when that is none. It reports false when o.Since cannot
// be continued without a hole.
func choose(top pubsub.Position, kept int, o pubsub.HistoryOptions) (first, last uint64, ok bool) {
	first, last = top.Offset-uint64(kept)+1, top.Offset
	if s := o.Since; s != nil {
		switch {
		case s.Epoch != "" && s.Epoch != top.Epoch:
			return 0, 0, false
		case o.Reverse:
			last = min(last, max(s.Offset, 1)-1)
		case s.Offset > last || s.Offset+1 < first:
			return 0, 0, false
		default:
			first = s.Offset + 1
		}
	}
	switch limit := uint64(max(o.Limit, 0)); {
	case o.Limit < 0 || last < first || last-first+1 <= limit:
		return first, last, true
	case o.Reverse:
		return last - limit + 1, last, true
	default:
		return first, first + limit - 1, true
	}
}
