package nemesis_test

import (
	"reflect"
	"testing"
	"time"

	"magpie.build/tools/chaos/internal/deploy"
	"magpie.build/tools/chaos/internal/nemesis"
)

func TestSeedRepeatsTheSchedule(t *testing.T) {
	t.Parallel()
	for _, topology := range deploy.Topologies {
		for _, name := range nemesis.Names(topology) {
			plan := func(seed uint64) nemesis.Plan {
				p, err := nemesis.Make(name, topology, seed, time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			if !reflect.DeepEqual(plan(7), plan(7)) {
				t.Errorf("%s with %s: the same seed makes two schedules", name, topology)
			}
			if name != "none" && reflect.DeepEqual(plan(7), plan(8)) {
				t.Errorf("%s with %s: two seeds make one schedule", name, topology)
			}
		}
	}
}

func TestStepsFollowOneAnotherAndEndInTime(t *testing.T) {
	t.Parallel()
	const length = time.Minute
	plan, err := nemesis.Make(nemesis.Mix, deploy.Cluster, 1, length)
	if err != nil {
		t.Fatal(err)
	}
	for _, lane := range plan {
		var end time.Duration
		for _, s := range lane {
			if s.At <= end || s.For <= 0 {
				t.Errorf("%v begins before %v", s, end)
			}
			end = s.At + s.For
		}
		if end > length || end < length/2 {
			t.Errorf("a lane ends at %v", end)
		}
	}
}

func TestUnknownNemesisIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := nemesis.Make("failover", deploy.Memory, 1, time.Minute); err == nil {
		t.Error("a failover of one server without Redis is planned")
	}
}
