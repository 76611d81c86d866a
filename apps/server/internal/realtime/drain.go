package realtime

import (
	"context"
	"time"
)

// A server that ends sends its clients away a few at a time: they come back at once, to servers that have
// to let them in, and would rather not all in the same moment. Whoever is still here is served as before.

// drain closes all connections and waits for them; stop ends what they do when the time is up.
func (h *Hub) drain(stop context.CancelFunc) {
	late := time.AfterFunc(h.options.DrainTimeout, func() {
		stop()
		for _, c := range h.all() {
			c.transport.abort()
		}
	})
	defer late.Stop()
	h.mu.Lock()
	h.open = false
	h.mu.Unlock()
	h.dismiss(h.all())
	h.alive.Wait()
	stop()
	h.readers.Wait()
}

// dismissEvery is how long dismiss rests between two groups.
const dismissEvery = 20 * time.Millisecond

// dismiss closes connections at the pace that was asked for, or a faster one if the time is too short for
// that: the last must have time to answer.
func (h *Hub) dismiss(connections []*connection) {
	pace := float64(h.options.DrainPerSecond)
	if left := h.options.DrainTimeout - closeTimeout; left > 0 {
		pace = max(pace, float64(len(connections))/left.Seconds())
	} else {
		pace = float64(len(connections)) / dismissEvery.Seconds()
	}
	ticks := time.NewTicker(dismissEvery)
	defer ticks.Stop()
	for began, closed := time.Now(), 0; ; <-ticks.C {
		due := 1 + int(time.Since(began).Seconds()*pace)
		for ; closed < min(due, len(connections)); closed++ {
			connections[closed].disconnect(DisconnectShutdown)
		}
		if closed == len(connections) {
			return
		}
	}
}
