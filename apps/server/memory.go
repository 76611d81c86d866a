package main

import (
	"context"
	"time"
)

const (
	// lookEvery is how often connections are counted for what they leave in memory.
	lookEvery = 2 * time.Second
	// crowdSize is how many must have come or gone for that to matter. A thousand leave some 10 MB, and miss it when they come back.
	crowdSize = 5000
)

// tidyMemory gives memory back to the system once a crowd has come or gone and the number of connections rests. Handshakes leave
// as much behind as connections keep, and the runtime would hold on to that for their successors. release is [debug.FreeOSMemory],
// which takes some 50 ms of one core for 10,000 connections.
func tidyMemory(ctx context.Context, connections func() int, release func()) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	// moved is how many came and went since memory was last given back, as far as looks tell.
	last, moved := connections(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := connections()
		change := max(now-last, last-now)
		last = now
		moved += change
		if moved >= crowdSize && change <= moved/100 {
			release()
			moved = 0
		}
	}
}

// connections counts those of the hub.
func (a *app) connections() int { return a.hub.Stats().Connections }
