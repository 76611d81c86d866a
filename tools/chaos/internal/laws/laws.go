// Package laws judges a recorded run. It knows nothing of servers: it reads events and says which of five laws they break.
//
//  1. What was acknowledged stays readable.
//  2. A viewer's view is contiguous, or the viewer was told that it is not.
//  3. Nothing is shown twice or out of order, and there is one message for each idempotency key.
//  4. What was not acknowledged is there at most once, and nothing is there that nobody published.
//  5. A viewer that follows shows a message, or knows that it does not follow, within [record.Model.Notice].
//
// What Redis accepted and lost may be lost (see [record.Lost]); whoever showed it must be told, by the second law. What it did
// not lose by its own account is to be there, whatever failed meanwhile.
package laws

import (
	"cmp"
	"slices"

	"magpie.build/tools/chaos/internal/record"
)

// Law is the number of a law, from 1 to 5.
type Law int

// The five laws.
const (
	Readable Law = iota + 1
	Contiguous
	Once
	AtMostOnce
	Noticed
)

// String is the law itself.
func (l Law) String() string {
	return [...]string{
		"no law",
		"what was acknowledged stays readable",
		"contiguous or told",
		"no duplicate, no reordering, one message for each idempotency key",
		"what was not acknowledged is there at most once",
		"loss is noticed in time",
	}[l]
}

// Violation is one breach of a law.
type Violation struct {
	Law Law
	// Sentence says what is wrong, for people.
	Sentence string
	// Evidence are the few events that break the law by themselves, in their order.
	Evidence []record.Event
}

// Verdict is what [Check] found.
type Verdict struct {
	Model      record.Model
	Violations []Violation
	// Published, Acknowledged and Shown count messages, the last over all viewers. Resets counts how often a viewer was told
	// that it was not continued, Faults what was done to the servers, LeftOut what was planned and could not be done.
	Published, Acknowledged, Shown, Resets, Faults, LeftOut int
	// Reason is why the first was left out.
	Reason string
}

// Good reports whether no law was broken.
func (v Verdict) Good() bool { return len(v.Violations) == 0 }

// Check judges a run. Violations are in the order of the laws, each law's in the order of what it went through.
func Check(h record.History) Verdict {
	r := newRun(h)
	v := r.count()
	for _, ch := range r.channels {
		r.readable(ch)
		r.contiguous(ch)
		r.once(ch)
		r.ordered(ch)
		r.noticed(ch)
	}
	slices.SortStableFunc(r.found, func(a, b Violation) int { return cmp.Compare(a.Law, b.Law) })
	v.Violations = r.found
	return v
}

// Smallest returns the violation with the least evidence, of which no event can be left out.
func (v Verdict) Smallest() Violation {
	smallest := slices.MinFunc(v.Violations, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(len(a.Evidence), len(b.Evidence)), cmp.Compare(a.Law, b.Law))
	})
	return smallest.shrink(v.Model)
}

// shrink leaves out whatever the law is broken without.
func (v Violation) shrink(m record.Model) Violation {
	for i := 0; i < len(v.Evidence); {
		less := slices.Delete(slices.Clone(v.Evidence), i, i+1)
		if v.brokenBy(record.History{Model: m, Events: less}) {
			v.Evidence = less
		} else {
			i++
		}
	}
	return v
}

// brokenBy reports whether a history breaks the same law in the same way.
func (v Violation) brokenBy(h record.History) bool {
	return slices.ContainsFunc(Check(h).Violations, func(other Violation) bool {
		return other.Law == v.Law && other.Sentence == v.Sentence
	})
}
