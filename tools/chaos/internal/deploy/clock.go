package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// JumpClocks is the fault that needs programs with clocks of their own: see [Options.Clocks].
const JumpClocks = "jump-clocks"

// wallClock has the clocks of programs that ask the system's C library for the time run apart from the machine's. It is
// libfaketime that they are started with; each reads from a file of its own how far its time of day is off. What only
// measures how much time passes is left alone, as it is when the clock of a machine is set.
type wallClock struct{ library string }

// clockLook is how often a program looks at its file.
const clockLook = time.Second

// findClock finds libfaketime, and makes sure that Redis starts with it.
func findClock(ctx context.Context) (wallClock, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	library, err := exec.CommandContext(ctx, "faketime", "-f", "+0", "printenv", "LD_PRELOAD").Output()
	if err != nil {
		return wallClock{}, fmt.Errorf("faketime gives programs clocks of their own; install it: %w", err)
	}
	// Redis' allocator asks for the time before libfaketime is there to answer. That of the C library does not.
	c := wallClock{strings.TrimSpace(string(library)) + " libc.so.6"}
	probe := exec.CommandContext(ctx, "redis-server", "--version")
	probe.Env = append(os.Environ(), "LD_PRELOAD="+c.library)
	if said, err := probe.CombinedOutput(); err != nil || bytes.Contains(said, []byte("libfaketime")) {
		return wallClock{}, fmt.Errorf("redis-server does not start with libfaketime: %w: %.200s", err, said)
	}
	return c, nil
}

// give gives a program that was not started yet a clock of its own.
func (c wallClock) give(p *Process, dir string) error {
	p.clock = filepath.Join(dir, p.Name+".clock")
	p.env = append(p.env, "LD_PRELOAD="+c.library, "FAKETIME_TIMESTAMP_FILE="+p.clock,
		fmt.Sprintf("FAKETIME_CACHE_DURATION=%.0f", clockLook.Seconds()), "FAKETIME_DONT_FAKE_MONOTONIC=1")
	p.ended = forgetClock
	return p.setClock(0)
}

// forgetClock removes what libfaketime shares between the processes of a program that was killed.
func forgetClock(pid int) {
	for _, name := range []string{"faketime_shm_", "sem.faketime_sem_"} {
		_ = os.Remove(filepath.Join("/dev/shm", name+strconv.Itoa(pid)))
	}
}

// setClock sets how far the program's clock is ahead of the machine's. The program finds a whole file whenever it looks.
func (p *Process) setClock(ahead time.Duration) error {
	if p.clock == "" {
		return errors.New(p.Name + " has no clock of its own")
	}
	next := p.clock + ".next"
	if err := os.WriteFile(next, fmt.Appendf(nil, "%+.0f\n", ahead.Seconds()), 0o600); err != nil {
		return err
	}
	return os.Rename(next, p.clock)
}

// jumps are how far a clock is set ahead. Nothing that the laws ask for is kept for less than an hour.
var jumps = []time.Duration{10 * time.Minute, -10 * time.Minute, 40 * time.Second, -40 * time.Second}

// jumpClocks sets the clock of a Redis or of the Sentinel. Healing sets it right, which is the second jump.
func (d *Deployment) jumpClocks(pick int) (Wound, error) {
	if d.noClocks != nil {
		return Wound{}, d.noClocks
	}
	var all []*Redis
	if all = append(all, d.Redis...); d.sentinel != nil {
		all = append(all, d.sentinel)
	}
	r, by := choose(all, pick), choose(jumps, pick/len(all))
	return Wound{fmt.Sprintf("%s by %v", r.Name, by), func() error { return r.setClock(0) }}, r.setClock(by)
}
