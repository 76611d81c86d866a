package deploy

import (
	"cmp"
	"math"
	"slices"
	"time"

	"magpie.build/tools/chaos/internal/record"
)

// Role is what a Redis says of itself at one moment.
type Role struct {
	// Asked and Answered are when, from the beginning of the run.
	Asked, Answered time.Duration
	// Gone says that nobody listened: it said nothing of the rest.
	Gone   bool
	Master bool
	// Syncing says that a replica has not all of its master's data.
	Syncing bool
	// ID names the data that the Redis has, and Offset how far it has them. Second and SecondEnd are where they come from: what
	// a promoted replica has of its former master's data ends before SecondEnd. A Redis that nobody ever replicated does not
	// count its offset on.
	ID        string
	Offset    int64
	Second    string
	SecondEnd int64
	// Written is how long its append-only file is, which changes with everything that it accepts.
	Written int64
}

// Loss is a time in which a Redis accepted what is not in the data that all servers have in the end.
type Loss struct {
	record.Span
	Redis string
}

// reign is the time in which a Redis was a master of the same data.
type reign struct {
	node  string
	roles []Role // at least one
	// before is what the Redis said last before it, after what it said or did not say first after it; nil for nothing.
	before, after *Role
	// since is when it had not begun.
	since    time.Duration
	previous *reign // where the Redis was the master of other data right before
	// kept is up to which offset its data are still there in the end, [nothing] where they led nowhere.
	kept int64
	// doubtful says that nobody knows what it began with.
	doubtful bool
}

func (r *reign) id() string { return r.roles[0].ID }

// Ends of data of which nothing was lost, and of which nothing was kept.
const (
	everything = math.MaxInt64
	nothing    = -1
)

// losses finds out, from what every Redis said of itself, what Redis lost: what a master accepted behind the point where its
// replica was promoted, and what was accepted by a master that nobody followed. The names are of those that are the masters in the end.
//
// The times are safe rather than tight: what is outside of them is there for certain.
func losses(said map[string][]Role, masters []string) []Loss {
	reigns := reignsOf(said)
	for _, r := range reigns {
		if r.after == nil && slices.Contains(masters, r.node) {
			r.keep(everything, reigns)
		}
	}
	var all []Loss
	for _, r := range reigns {
		for _, span := range r.lost() {
			all = append(all, Loss{span, r.node})
		}
	}
	slices.SortFunc(all, func(a, b Loss) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Redis, b.Redis)) })
	return all
}

// reignsOf lists the reigns of every Redis.
func reignsOf(said map[string][]Role) []*reign {
	var all []*reign
	for node, roles := range said {
		var last *reign
		var before *Role
		for i, role := range roles {
			if !role.Gone && role.Master && last.goesOn(role) {
				last.roles, before = append(last.roles, role), &roles[i]
				continue
			}
			if last != nil && last.after == nil {
				last.after = &roles[i]
			}
			if role.Gone {
				continue
			}
			if role.Master {
				next := &reign{node: node, roles: []Role{role}, before: before, kept: nothing}
				if i > 0 {
					next.since = roles[i-1].Asked
				}
				if before != nil && before.Master {
					next.previous = last
				}
				last, all = next, append(all, next)
			}
			before = &roles[i]
		}
	}
	return all
}

// goesOn reports whether what a master says is of the same reign.
func (r *reign) goesOn(role Role) bool { return r != nil && r.after == nil && r.id() == role.ID }

// keep notes that the data of a reign are there up to an offset, and so are those that it began with. What others say of the same
// reign may be less.
func (r *reign) keep(end int64, reigns []*reign) {
	if r.kept != nothing && r.kept <= end {
		return
	}
	r.kept = end
	first := r.roles[0]
	switch {
	case r.before == nil: // it was the first
	case r.before.Syncing:
		r.doubtful = true
	case r.forebears(first.Second, min(end, first.SecondEnd), reigns):
	case r.previous != nil:
		// The Redis was started again with what is on its disk, which is all that it had accepted.
		r.previous.keep(everything, reigns)
	default:
		// It was started again as a master, and was a replica before.
		r.doubtful = !r.forebears(r.before.ID, r.before.Offset+1, reigns)
	}
}

// forebears notes up to where data of some name were kept, and reports whether anybody was their master.
func (r *reign) forebears(id string, end int64, reigns []*reign) bool {
	found := false
	for _, other := range reigns {
		if other != r && other.id() == id {
			other.keep(end, reigns)
			found = true
		}
	}
	return found
}

// lost are the times in which a reign accepted what is not kept of it: those between two answers of which the second has more
// than the first, and more than is kept, that before the first, and that after the last.
func (r *reign) lost() []record.Span {
	var spans []record.Span
	add := func(from, to time.Duration) {
		if n := len(spans); n > 0 && spans[n-1].To >= from {
			spans[n-1].To = to
			return
		}
		spans = append(spans, record.Span{From: from, To: to})
	}
	first := r.roles[0]
	switch {
	case r.doubtful:
		add(0, first.Answered)
	case first.Offset >= r.kept:
		add(r.since, first.Answered)
	}
	last := first
	for _, role := range r.roles[1:] {
		if grew := role.Offset > last.Offset || role.Written != last.Written; grew && role.Offset >= r.kept {
			add(last.Asked, role.Answered)
		}
		last = role
	}
	if r.after != nil && r.kept != everything {
		add(last.Asked, r.after.Answered)
	}
	return spans
}
