package deploy

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The clock of a Redis really jumps, there and back, and what it measures does not.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("SKIPPED: -short leaves out what needs real servers")
	}
	for _, program := range []string{"faketime", "redis-server"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED: jumps of clocks are left out: %v", err)
		}
	}
	d := &Deployment{o: Options{Topology: Standalone, Dir: t.TempDir()}}
	defer d.Close()
	var err error
	if d.disk, err = newDisk(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if d.clocks, err = findClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.startData(); err != nil {
		t.Fatal(err)
	}
	redis := d.Redis[0]
	ahead := func(by time.Duration) func() bool {
		return func() bool {
			now, err := redis.Do("TIME")
			if err != nil {
				t.Fatal(err)
			}
			seconds, _, _ := strings.Cut(now, "\n")
			at, err := strconv.ParseInt(seconds, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return (time.Until(time.Unix(at, 0)) - by).Abs() < 5*time.Second
		}
	}
	if err := until("it begins right", ahead(0)); err != nil {
		t.Fatal(err)
	}
	var heal func() error
	for pick, by := range jumps[:2] {
		wound, err := d.jumpClocks(pick)
		if err != nil {
			t.Fatal(err)
		}
		heal = wound.Heal
		if err := until("it jumps to "+by.String(), ahead(by)); err != nil {
			t.Error(err)
		}
	}
	if err := heal(); err != nil {
		t.Fatal(err)
	}
	if err := until("it jumps back", ahead(0)); err != nil {
		t.Error(err)
	}
}

func TestNoClockToJumpIsSaid(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := findClock(t.Context()); err == nil || !strings.Contains(err.Error(), "install it") {
		t.Errorf("without faketime: %v", err)
	}
}
