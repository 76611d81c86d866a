// Package nemesis decides what goes wrong when, from a seed, and has it go wrong.
package nemesis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"magpie.build/tools/chaos/internal/cast"
	"magpie.build/tools/chaos/internal/deploy"
	"magpie.build/tools/chaos/internal/record"
)

// Mix is the nemesis of all faults, two at a time.
const Mix = "mix"

// Faults that concern viewers, beside those of [deploy.Faults].
const (
	slowViewers  = "slow-viewers"
	leaveViewers = "leave-viewers"
	quiet        = "none"
)

// Names are all nemeses that there are for a topology; the last is [Mix].
func Names(t deploy.Topology) []string {
	names := []string{quiet, slowViewers, leaveViewers}
	for _, f := range deploy.Faults {
		if f.Applies(t) {
			names = append(names, f.Name)
		}
	}
	return append(names, Mix)
}

// Step is one fault of a plan.
type Step struct {
	// At is when it is inflicted, from the beginning, and For how long it lasts.
	At, For time.Duration
	Fault   string
	// Pick chooses to whom.
	Pick int
}

// String is the step as a line.
func (s Step) String() string {
	return fmt.Sprintf("%8.3fs %-20s for %6.3fs, pick %d", s.At.Seconds(), s.Fault, s.For.Seconds(), s.Pick)
}

// Plan is what goes wrong: lanes of steps, one after the other within a lane.
type Plan [][]Step

// Between these times a fault lasts, and is waited for the next.
const (
	minLast, maxLast = 500 * time.Millisecond, 4 * time.Second
	minGap, maxGap   = 500 * time.Millisecond, 3 * time.Second
)

// Make plans a nemesis for some time. The same arguments make the same plan.
func Make(name string, t deploy.Topology, seed uint64, length time.Duration) (Plan, error) {
	names := Names(t)
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("no nemesis %q with %s: there are %s", name, t, strings.Join(names, ", "))
	}
	if name == quiet {
		return nil, nil
	}
	if name != Mix {
		return Plan{lane(seed, 0, length, []string{name})}, nil
	}
	all := names[1 : len(names)-1]
	return Plan{lane(seed, 0, length, all), lane(seed, 1, length, all)}, nil
}

func lane(seed, n uint64, length time.Duration, names []string) []Step {
	random := rand.New(rand.NewPCG(seed, n)) //nolint:gosec // it is to be repeated
	between := func(low, high time.Duration) time.Duration {
		return (low + time.Duration(random.Int64N(int64(high-low)))).Round(time.Millisecond)
	}
	var steps []Step
	for at := between(minGap, maxGap); at < length; {
		s := Step{At: at, Fault: names[random.IntN(len(names))], Pick: random.IntN(1000)}
		s.For = min(max(between(minLast, maxLast), least(s.Fault)), length-at)
		steps = append(steps, s)
		at += s.For + between(minGap, maxGap)
	}
	return steps
}

// least is how long a fault lasts at least.
func least(name string) time.Duration {
	for _, f := range deploy.Faults {
		if f.Name == name {
			return f.Least
		}
	}
	return 0
}

// Has reports whether a fault is planned.
func (p Plan) Has(fault string) bool {
	return slices.ContainsFunc(p, func(steps []Step) bool {
		return slices.ContainsFunc(steps, func(s Step) bool { return s.Fault == fault })
	})
}

// String is the plan as lines.
func (p Plan) String() string {
	var b strings.Builder
	for n, steps := range p {
		for _, s := range steps {
			fmt.Fprintf(&b, "lane %d %s\n", n+1, s)
		}
	}
	return b.String()
}

// Nemesis carries out plans.
type Nemesis struct {
	Deployment *deploy.Deployment
	Viewers    []*cast.Viewer
	Log        *record.Log
}

// Run carries out a plan, and returns when its time is over and its last fault is healed. A fault that cannot be inflicted is noted and left out.
// The error is that of one which could not be healed.
func (n Nemesis) Run(ctx context.Context, p Plan, length time.Duration) error {
	began := time.Now()
	defer func() { wait(ctx, time.Until(began.Add(length))) }()
	var wg sync.WaitGroup
	failed := make(chan error, len(p))
	for number, steps := range p {
		wg.Go(func() {
			for _, s := range steps {
				if time.Since(began) > length {
					return // those before took longer than planned
				}
				if err := n.step(ctx, began, fmt.Sprintf("%s-%d", s.Fault, number+1), s); err != nil {
					failed <- fmt.Errorf("heal %s: %w", s.Fault, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

func (n Nemesis) step(ctx context.Context, began time.Time, who string, s Step) error {
	if !wait(ctx, time.Until(began.Add(s.At))) {
		return nil
	}
	e := record.Event{Kind: record.Fault, Who: who}
	inflict := n.onViewers
	for _, f := range deploy.Faults {
		if f.Name == s.Fault {
			e.Excuse = slices.Contains(f.Blind, n.Deployment.Topology())
			inflict = func(s Step) (deploy.Wound, error) { return n.Deployment.Inflict(f, s.Pick) }
		}
	}
	n.Log.Add(e)
	wound, err := inflict(s)
	if err != nil {
		n.Log.Add(record.Event{Kind: record.Heal, Who: who, Text: record.LeftOut + err.Error()})
		return nil //nolint:nilerr // it is noted, and the others go on
	}
	n.Log.Note("%s: %s", who, wound.What)
	wait(ctx, s.For)
	err = wound.Heal()
	n.Log.Add(record.Event{Kind: record.Heal, Who: who})
	return err
}

// slowRead is how long a slow viewer takes for each message.
const slowRead = 250 * time.Millisecond

// onViewers does what concerns viewers.
func (n Nemesis) onViewers(s Step) (deploy.Wound, error) {
	if s.Fault == slowViewers {
		v := n.Viewers[s.Pick%len(n.Viewers)]
		v.Slow(slowRead)
		return deploy.Wound{What: v.Name, Heal: func() error { v.Slow(0); return nil }}, nil
	}
	for _, v := range n.Viewers {
		v.Leave()
	}
	return deploy.Wound{What: "all", Heal: func() error { return nil }}, nil
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
