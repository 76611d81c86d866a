// Package crowd gathers who comes and goes in channels that are too full to tell of each at once.
package crowd

import (
	"sync"
	"time"

	"magpie.build/packages/pubsub"
)

// Interval is how long comings and goings are gathered.
const Interval = time.Second

// Moves are the comings and goings that nobody was told of, by channel. The zero Moves has none. Safe for
// concurrent use.
type Moves struct {
	mu       sync.Mutex
	channels map[string]*moves
}

// moves are those of one channel, the oldest first. When they are too many to be told by name, only that is
// remembered.
type moves struct {
	events  []pubsub.PresenceEvent
	tooMany bool
}

// Add notes an event, which undoes an opposite one of the same member. It reports whether there was none
// of any channel before.
func (m *Moves) Add(channel string, event pubsub.PresenceEvent) (first bool) {
	c, first := m.of(channel)
	defer m.mu.Unlock()
	for i, other := range c.events {
		if other.Member.ID == event.Member.ID {
			c.events = append(c.events[:i], c.events[i+1:]...)
			if other.Left != event.Left {
				return first
			}
			break
		}
	}
	if c.events = append(c.events, event); len(c.events) > pubsub.MaxGathered {
		c.events, c.tooMany = nil, true
	}
	if c.tooMany {
		c.events = nil
	}
	return first
}

// Again has the channel told of again, without names.
func (m *Moves) Again(channel string) {
	c, _ := m.of(channel)
	defer m.mu.Unlock()
	c.events, c.tooMany = nil, true
}

// of returns a channel's moves, with mu held.
func (m *Moves) of(channel string) (c *moves, first bool) {
	m.mu.Lock()
	first = len(m.channels) == 0
	if m.channels == nil {
		m.channels = make(map[string]*moves)
	}
	c, ok := m.channels[channel]
	if !ok {
		c = new(moves)
		m.channels[channel] = c
	}
	return c, first
}

// Take returns what is to be told by name in each channel where somebody came or went, and forgets it.
func (m *Moves) Take() map[string][]pubsub.PresenceEvent {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := make(map[string][]pubsub.PresenceEvent, len(m.channels))
	for channel, c := range m.channels {
		taken[channel] = c.events
	}
	m.channels = nil
	return taken
}
