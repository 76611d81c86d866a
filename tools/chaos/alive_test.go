package main

import (
	"bytes"
	"flag"
	"path/filepath"
	"testing"
	"time"

	"magpie.build/tools/chaos/internal/deploy"
	"magpie.build/tools/chaos/internal/laws"
)

var alive = flag.Bool("alive", false, "prove that the checker notices promises that are switched off; takes some minutes")

// A checker that never fails proves nothing. Each of these runs has one promise switched off, by what only a program built for
// that obeys, or by a setting that says what it risks; the checker must notice within a minute, and notices nothing without.
func TestCheckerNoticesWhatIsSwitchedOff(t *testing.T) {
	t.Parallel()
	if !*alive {
		t.Skip("SKIPPED: that the checker is alive is proven with -alive")
	}
	for _, c := range []struct {
		promise  string
		env      string
		topology deploy.Topology
		nemesis  string
		laws     []laws.Law // any of them
		programs []string   // beside the topology's
	}{
		{"repair", "MAGPIE_UNSAFE=repair", deploy.Standalone, "mute-subscriptions", []laws.Law{laws.Noticed, laws.Contiguous}, nil},
		{"fence", "MAGPIE_UNSAFE=fence", deploy.Sentinel, "failover", []laws.Law{laws.Contiguous, laws.Readable}, nil},
		{"idempotency", "MAGPIE_UNSAFE=idempotency", deploy.Standalone, "mute-acks", []laws.Law{laws.Once}, nil},
		{"idempotency on disk", "MAGPIE_UNSAFE=idempotency", deploy.Memory, "mute-acks", []laws.Law{laws.Once}, nil},
		{"order", "MAGPIE_UNSAFE=order", deploy.Standalone, "none", []laws.Law{laws.Once}, nil},
		{"receipt", "MAGPIE_UNSAFE=receipt", deploy.Sentinel, "cut-redis", []laws.Law{laws.Readable}, nil},
		{"fsync", "DATA_SYNC=never", deploy.Memory, "cut-power", []laws.Law{laws.Readable, laws.Contiguous}, []string{"strace"}},
	} {
		t.Run(c.promise, func(t *testing.T) {
			need(t, append(programs(c.topology), c.programs...)...)
			broken := aliveRun(t, c.topology, c.nemesis, c.env)
			for _, law := range c.laws {
				if n := broken[law]; n > 0 {
					t.Logf("law %d, %s: broken %d times", law, law, n)
					return
				}
			}
			t.Errorf("nobody noticed; broken are %v", broken)
		})
		t.Run(c.promise+" is on", func(t *testing.T) {
			if broken := aliveRun(t, c.topology, c.nemesis, "MAGPIE_UNSAFE="); len(broken) > 0 {
				t.Errorf("broken are %v", broken)
			}
		})
	}
}

// verdictTime is how long it may take at most until the checker has noticed what is switched off.
const verdictTime = time.Minute

// aliveRun says how often each law was broken in a run of a server that can be sabotaged.
func aliveRun(t *testing.T, topology deploy.Topology, nemesis, env string) map[laws.Law]int {
	t.Helper()
	program, err := built(t.Context(), "magpie_unsafe")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var progress bytes.Buffer
	v, err := trial{
		system: deploy.Magpie{Program: program}, topology: topology, nemesis: nemesis, seed: 1, length: 15 * time.Second, servers: 2, pace: pace,
		env: []string{env}, dir: filepath.Join(t.TempDir(), "run"), progress: &progress,
	}.run(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	t.Log(progress.String())
	took := time.Since(began)
	t.Logf("the verdict took %.0f seconds", took.Seconds())
	if took > verdictTime {
		t.Errorf("the verdict took %v, which is more than %v", took, verdictTime)
	}
	broken := make(map[laws.Law]int)
	for _, violation := range v.Violations {
		broken[violation.Law]++
	}
	return broken
}
