package memory

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"magpie.build/packages/pubsub"
)

// members is who is in which channel.
type members struct {
	tell func(channel string, event pubsub.PresenceEvent)

	mu       sync.Mutex
	channels map[string]map[string]pubsub.Member
}

func (m *members) enter(channel string, member pubsub.Member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.channels == nil {
		m.channels = make(map[string]map[string]pubsub.Member)
	}
	in := m.channels[channel]
	if in == nil {
		in = make(map[string]pubsub.Member)
		m.channels[channel] = in
	}
	_, again := in[member.ID]
	in[member.ID] = member
	if !again {
		m.tell(channel, pubsub.PresenceEvent{Member: member})
	}
}

func (m *members) leave(channel, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	in := m.channels[channel]
	member, ok := in[id]
	if !ok {
		return
	}
	delete(in, id)
	if len(in) == 0 {
		delete(m.channels, channel)
	}
	m.tell(channel, pubsub.PresenceEvent{Member: member, Left: true})
}

func (m *members) list(channel string) []pubsub.Member {
	m.mu.Lock()
	list := slices.Collect(maps.Values(m.channels[channel]))
	m.mu.Unlock()
	slices.SortFunc(list, func(a, b pubsub.Member) int { return cmp.Compare(a.ID, b.ID) })
	return list
}
