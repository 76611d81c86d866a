package memory

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/internal/crowd"
	"magpie.build/packages/pubsub/internal/delivery"
)

// members is who is in which channel.
type members struct {
	dispatcher *delivery.Dispatcher
	moves      crowd.Moves

	mu       sync.Mutex
	channels map[string]*attendance
	timer    *time.Timer // tells what was gathered
	closed   bool
}

// attendance is who is in one channel.
type attendance struct {
	members map[string]member
	users   map[string]int // how many of them each user has
}

// member is somebody, and how many there may be for everybody to hear of it.
type member struct {
	pubsub.Member

	maxNamed int
}

func (m *members) enter(channel string, who pubsub.Member, o pubsub.PresenceOptions) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.channels == nil {
		m.channels = make(map[string]*attendance)
	}
	in := m.channels[channel]
	if in == nil {
		in = &attendance{members: make(map[string]member), users: make(map[string]int)}
		m.channels[channel] = in
	}
	entered := member{who, o.MaxNamed}
	again := in.remove(who.ID)
	in.members[who.ID] = entered
	in.users[who.User]++
	if !again {
		m.tell(channel, in, entered, pubsub.PresenceEvent{Member: who})
	}
}

func (m *members) leave(channel, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	in := m.channels[channel]
	if in == nil {
		return
	}
	left := in.members[id]
	if !in.remove(id) {
		return
	}
	if len(in.members) == 0 {
		delete(m.channels, channel)
	}
	m.tell(channel, in, left, pubsub.PresenceEvent{Member: left.Member, Left: true})
}

// remove reports whether the member was there.
func (a *attendance) remove(id string) bool {
	left, ok := a.members[id]
	if !ok {
		return false
	}
	delete(a.members, id)
	if a.users[left.User]--; a.users[left.User] == 0 {
		delete(a.users, left.User)
	}
	return true
}

// tell tells of a coming or going at once, or when more have been gathered. The caller holds mu.
func (m *members) tell(channel string, in *attendance, who member, event pubsub.PresenceEvent) {
	if who.maxNamed == 0 || len(in.members) <= who.maxNamed {
		m.dispatcher.Presence(channel, event)
		return
	}
	if m.moves.Add(channel, event) && !m.closed {
		m.timer = time.AfterFunc(crowd.Interval, m.tellGathered)
	}
}

// tellGathered tells of what was gathered and still is so.
func (m *members) tellGathered() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for channel, events := range m.moves.Take() {
		in := m.channels[channel]
		for _, event := range events {
			if in.has(event.Member.ID) != event.Left {
				m.dispatcher.Presence(channel, event)
			}
		}
		m.dispatcher.PresenceStats(channel, in.stats())
	}
}

func (m *members) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	if m.timer != nil {
		m.timer.Stop()
	}
}

func (m *members) list(channel string) []pubsub.Member {
	var list []pubsub.Member
	m.mu.Lock()
	if in := m.channels[channel]; in != nil {
		for _, who := range in.members {
			list = append(list, who.Member)
		}
	}
	m.mu.Unlock()
	slices.SortFunc(list, func(a, b pubsub.Member) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func (m *members) stats(channel string) pubsub.PresenceStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.channels[channel].stats()
}

// stats and has are for a channel where nobody is, too, which is nil.

func (a *attendance) stats() pubsub.PresenceStats {
	if a == nil {
		return pubsub.PresenceStats{}
	}
	return pubsub.PresenceStats{Members: len(a.members), Users: len(a.users)}
}

func (a *attendance) has(id string) bool {
	if a == nil {
		return false
	}
	_, ok := a.members[id]
	return ok
}
