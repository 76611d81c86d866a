package memory

import (
	"sync"
	"time"
)

// clock measures by when histories and idempotency keys end. It follows the machine's clock forwards and
// never backwards: when that is set back, it goes on by the time that really passes, so that nothing is
// kept for an hour longer because a clock was corrected by one.
type clock struct {
	// read returns the machine's time, and how long this process has been counting.
	read func() (wall time.Time, running time.Duration)

	mu      sync.Mutex
	at      time.Time
	running time.Duration
}

func newClock() *clock {
	started := time.Now()
	return &clock{read: func() (time.Time, time.Duration) { return time.Now().Round(0), time.Since(started) }}
}

// now returns the time to measure by, and the one that people go by, both in milliseconds' precision.
func (c *clock) now() (at, wall time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, running := c.read()
	c.at, c.running = c.at.Add(running-c.running), running
	if wall.After(c.at) {
		c.at = wall
	}
	return c.at.Truncate(time.Millisecond), wall.Truncate(time.Millisecond)
}
