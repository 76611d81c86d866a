package run_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"magpie.build/tools/pipeline/internal/graph"
	"magpie.build/tools/pipeline/internal/run"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func build(t *testing.T, deps map[string][]string) *graph.Graph[string] {
	t.Helper()
	g, cycle := graph.Build(deps)
	if cycle != nil {
		t.Fatal(cycle)
	}
	return g
}

// list says how nodes ended, by name: "a ok, b skipped for a".
func list(results []run.Result[string]) string {
	words := map[run.Status]string{run.Succeeded: "ok", run.Failed: "failed", run.Skipped: "skipped", run.Cancelled: "cancelled"}
	var all []string
	for _, r := range results {
		text := r.Node + " " + words[r.Status]
		if r.Because != "" {
			text += " for " + r.Because
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func TestContinue(t *testing.T) {
	t.Parallel()
	// bad fails while slow runs; after hangs on bad, last on after, free on slow.
	deps := map[string][]string{"bad": nil, "slow": nil, "after": {"bad"}, "last": {"after"}, "free": {"slow"}}
	for policy, want := range map[run.Continue]string{
		run.Never:                  "after skipped for bad, bad failed, free skipped for bad, last skipped for bad, slow cancelled for bad",
		run.DependenciesSuccessful: "after skipped for bad, bad failed, free ok, last skipped for bad, slow ok",
		run.Always:                 "after ok, bad failed, free ok, last ok, slow ok",
	} {
		synctest.Test(t, func(t *testing.T) {
			results := run.All(t.Context(), build(t, deps), run.Options[string]{Workers: 2, Continue: policy}, func(ctx context.Context, node string) bool {
				if node != "slow" {
					return node != "bad"
				}
				select {
				case <-ctx.Done():
					return false
				case <-time.After(time.Minute):
					return true
				}
			})
			if got := list(results); got != want {
				t.Errorf("policy %d: %s\nwant %s", policy, got, want)
			}
		})
	}
}

func TestCancelledRunStartsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	results := run.All(ctx, build(t, map[string][]string{"a": nil, "b": {"a"}, "c": {"b"}}), run.Options[string]{Workers: 1}, func(ctx context.Context, node string) bool {
		if node == "b" {
			cancel()
			<-ctx.Done()
			return false
		}
		return true
	})
	if got, want := list(results), "a ok, b cancelled, c skipped"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Whatever nodes want for themselves, and however many run at once: dependencies come first, and what is exclusive is.
func TestOrderAndExclusion(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for range 50 {
		deps, wants := make(map[string][]string), make(map[string][]string)
		for i := range 30 {
			node := fmt.Sprint("n", i)
			deps[node] = nil
			for range min(i, random.IntN(3)) {
				deps[node] = append(deps[node], fmt.Sprint("n", random.IntN(i)))
			}
			for range random.IntN(3) {
				wants[node] = append(wants[node], fmt.Sprint("r", random.IntN(3)))
			}
		}
		workers := 1 + random.IntN(6)
		costs := func() map[string]float64 { return map[string]float64{"n7": 3} }
		if random.IntN(2) == 0 {
			costs = nil
		}
		delays := random.Perm(len(deps))
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			running, done := make(map[string]bool), make(map[string]bool)
			do := func(_ context.Context, node string) bool {
				mu.Lock()
				for other := range running {
					if slices.ContainsFunc(wants[node], func(r string) bool { return slices.Contains(wants[other], r) }) {
						t.Errorf("seed %d: %s and %s run together", seed, node, other)
					}
				}
				running[node] = true
				if len(running) > workers {
					t.Errorf("seed %d: %d run at once, want at most %d", seed, len(running), workers)
				}
				for _, dep := range deps[node] {
					if !done[dep] {
						t.Errorf("seed %d: %s runs before %s", seed, node, dep)
					}
				}
				mu.Unlock()
				var n int
				_, _ = fmt.Sscanf(node, "n%d", &n)
				<-time.After(time.Duration(1+delays[n]) * time.Second)
				mu.Lock()
				delete(running, node)
				done[node] = true
				mu.Unlock()
				return true
			}
			results := run.All(t.Context(), build(t, deps), run.Options[string]{
				Workers: workers, Exclusive: func(node string) []string { return wants[node] }, Costs: costs,
			}, do)
			if len(results) != len(deps) || len(done) != len(deps) {
				t.Errorf("seed %d: %d results of %d nodes, %d done", seed, len(results), len(deps), len(done))
			}
		})
	}
}

// A light node runs beside as many others as there are workers.
func TestLightNodesTakeNoWorker(t *testing.T) {
	t.Parallel()
	started := make(chan bool)
	results := run.All(t.Context(), build(t, map[string][]string{"a": nil, "b": nil, "light": nil}), run.Options[string]{
		Workers: 1, Light: func(node string) bool { return node == "light" },
	}, func(_ context.Context, node string) bool {
		if node == "light" {
			started <- true
			return true
		}
		if node == "a" {
			<-started
		}
		return true
	})
	if got, want := list(results), "a ok, b ok, light ok"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// With what nodes cost, the longest way to the end goes first, and the run takes no longer than that.
func TestCriticalPathGoesFirst(t *testing.T) {
	t.Parallel()
	// A chain of four, and short nodes that come first by name.
	deps := map[string][]string{"z1": nil, "z2": {"z1"}, "z3": {"z2"}, "z4": {"z3"}}
	costs := map[string]float64{"z1": 10, "z2": 10, "z3": 10, "z4": 10}
	for i := range 8 {
		node := fmt.Sprint("a", i)
		deps[node], costs[node] = nil, 5
	}
	span := func(known func() map[string]float64) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			run.All(t.Context(), build(t, deps), run.Options[string]{Workers: 2, Costs: known}, func(_ context.Context, node string) bool {
				<-time.After(time.Duration(costs[node]) * time.Second)
				return true
			})
			took = time.Since(began)
		})
		return took
	}
	if got := span(func() map[string]float64 { return costs }); got != 40*time.Second {
		t.Errorf("with costs the run takes %s, want 40s: the chain on one worker, the rest on the other", got)
	}
	if got := span(nil); got != 60*time.Second {
		t.Errorf("without costs the run takes %s; this test wants a graph on which order matters: 60s", got)
	}
	calls := 0
	late := func() map[string]float64 { // known only once the first nodes have ended
		if calls++; calls < 2 {
			return nil
		}
		return maps.Clone(costs)
	}
	if got := span(late); got != 45*time.Second {
		t.Errorf("with costs that come late the run takes %s, want 45s", got)
	}
}

// In random graphs with random failures: who is skipped, and on account of whom, is what the policy says.
func TestPoliciesInRandomGraphs(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		deps, fails := make(map[string][]string), make(map[string]bool)
		for i := range 20 {
			node := fmt.Sprint("n", i)
			deps[node] = nil
			for range min(i, random.IntN(3)) {
				deps[node] = append(deps[node], fmt.Sprint("n", random.IntN(i)))
			}
			fails[node] = random.IntN(8) == 0
		}
		g := build(t, deps)
		policy := run.Continue(random.IntN(3))
		var mu sync.Mutex
		started := make(map[string]bool)
		failed := false // a failure has been reported, and the loop has had time to hear it where there is one worker
		workers := 1 + random.IntN(4)
		results := run.All(t.Context(), g, run.Options[string]{Workers: workers, Continue: policy}, func(_ context.Context, node string) bool {
			mu.Lock()
			defer mu.Unlock()
			if policy == run.Never && workers == 1 && failed {
				t.Errorf("seed %d: %s started after a failure", seed, node)
			}
			started[node] = true
			failed = failed || fails[node]
			return !fails[node]
		})
		if len(results) != len(deps) {
			t.Fatalf("seed %d: %d results of %d nodes", seed, len(results), len(deps))
		}
		for _, r := range results {
			behind := graph.Reach(g.Deps(r.Node), g.Deps)
			blocked := slices.ContainsFunc(slices.Collect(maps.Keys(behind)), func(dep string) bool { return fails[dep] })
			if (r.Status == run.Skipped) == started[r.Node] {
				t.Errorf("seed %d: %s has status %d, started %v", seed, r.Node, r.Status, started[r.Node])
			}
			switch policy {
			case run.Never: // whoever is not skipped has only good dependencies
				if blocked && r.Status != run.Skipped {
					t.Errorf("seed %d: %s ran behind a failure", seed, r.Node)
				}
			case run.DependenciesSuccessful:
				if blocked != (r.Status == run.Skipped) || blocked && (!behind[r.Because] || !fails[r.Because]) {
					t.Errorf("seed %d: %s has status %d because of %q; behind a failure: %v", seed, r.Node, r.Status, r.Because, blocked)
				}
			case run.Always:
				if r.Status == run.Skipped {
					t.Errorf("seed %d: %s was skipped", seed, r.Node)
				}
			}
		}
	}
}
