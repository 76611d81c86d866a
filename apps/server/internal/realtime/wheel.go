package realtime

import (
	"context"
	"sync"
	"time"
)

// tick is how exactly a connection's deadlines are kept.
const tick = time.Second

// wheel looks at each connection when its next deadline is due: one goroutine and one slot number a
// connection instead of timers. A deadline beyond its circumference is looked at early, and put in
// again. The zero wheel is ready.
type wheel struct {
	mu    sync.Mutex
	now   int
	slots [64][]*connection
}

// run turns the wheel until ctx ends.
func (w *wheel) run(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			for _, c := range w.turn() {
				if wait, ok := c.beat(now); ok {
					w.add(c, wait)
				}
			}
		case <-ctx.Done():
			return
		}
	}
}

// turn moves one slot on and empties it.
func (w *wheel) turn() []*connection {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = (w.now + 1) % len(w.slots)
	due := w.slots[w.now]
	w.slots[w.now] = nil
	for _, c := range due {
		c.index = -1
	}
	return due
}

// add has the connection looked at after wait, rounded up. It moves one that is there already.
func (w *wheel) add(c *connection, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.take(c)
	if c.index == removed {
		return
	}
	ticks := min(max(1, int((wait+tick-1)/tick)), len(w.slots)-1)
	c.slot = (w.now + ticks) % len(w.slots)
	c.index = len(w.slots[c.slot])
	w.slots[c.slot] = append(w.slots[c.slot], c)
}

// removed as its index says that a connection is not to come back to the wheel.
const removed = -2

// remove takes the connection off the wheel for good.
func (w *wheel) remove(c *connection) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.take(c)
	c.index = removed
}

// take takes the connection out of its slot. mu is held.
func (w *wheel) take(c *connection) {
	if c.index < 0 {
		return
	}
	slot := w.slots[c.slot]
	last := len(slot) - 1
	slot[c.index] = slot[last]
	slot[c.index].index = c.index
	slot[last] = nil
	w.slots[c.slot] = slot[:last]
	c.index = -1
}
