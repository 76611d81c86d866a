package realtime

import (
	"maps"
	"slices"
	"time"

	"magpie.build/apps/server/internal/filter"
	"magpie.build/packages/pubsub"
)

// subscription is one connection's place in one channel: a cursor in the channel's log. The
// connection's mu guards it, but for place, which is the audience's.
type subscription struct {
	connection *connection
	channel    *channel
	offer      SubscribeReply
	// variant is the form in which it reads the log. It does not change.
	variant variant
	// wanted leaves out publications by their tags, nil for none. It does not change either.
	wanted *filter.Node
	place  int
	// seen is the number of the last publication that went out from the log, 0 where another came after.
	seen uint64

	state subscriptionState
	// at is the last entry of the log that it has dealt with, nil where it let go of the log.
	at *entry
	// entered says that presence has it, server that its client did not ask for it. Both belong to
	// who has the connection's turn.
	entered, server bool
	// expireAt is when it ends, which the zero time is never.
	expireAt time.Time
	// position is that of the last publication sent, for a recoverable subscription.
	position pubsub.Position
	// queued says that the connection's dirty list has it.
	queued bool
	// behind says that it lagged too far for memory: it goes on from history. presences is how many comings and
	// goings there had been in the log when it let go.
	behind    bool
	presences uint64
}

type subscriptionState uint8

const (
	// joining is a subscription whose reply is not written: it collects, and says nothing.
	joining subscriptionState = iota
	// live is one that delivers.
	live
	// broken is one that was told to begin again.
	broken
)

// mark notes that the log grew, and reports whether the connection is now to be flushed.
func (s *subscription) mark() bool {
	c := s.connection
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.state == broken || c.ending != 0 {
		return false
	}
	s.bound()
	if s.state != live {
		return false
	}
	s.enqueue()
	return c.wantsFlush()
}

// enqueue puts the subscription on the connection's dirty list. The connection's mu is held.
func (s *subscription) enqueue() {
	if !s.queued {
		s.queued = true
		s.connection.dirty = append(s.connection.dirty, s)
	}
}

// bound lets go of the log when the subscription lags too far, as its cursor is what keeps the log in
// memory. It goes on from history where there is one. The connection's mu is held.
func (s *subscription) bound() {
	if s.at == nil || s.lag() <= uint64(s.connection.hub.options.MaxBacklogBytes) {
		return
	}
	if s.state == live && !s.connection.stalled {
		return // it is about to be flushed
	}
	if s.offer.tracked() {
		s.behind, s.presences = true, s.at.presences
		s.at = nil
		return
	}
	s.at = nil
	s.connection.abandon()
}

// lag is how many bytes the subscription has not dealt with.
func (s *subscription) lag() uint64 { return s.channel.tail.Load().total - s.at.total }

// ephemeralLag is how many bytes a subscription lags when ephemeral entries begin to be left out.
const ephemeralLag = 32 << 10

// gather appends to out what the log has and the client has not, until limit bytes. It reports whether there is
// more. Of a client that lags each member's last coming or going is told, how many there are last, and other ephemeral entries are not. The
// connection's mu is held.
func (s *subscription) gather(out *scratch, limit int) (more bool) {
	if s.state != live || s.behind || s.at == nil {
		return s.behind
	}
	var latest map[string]framed
	if s.lag() > ephemeralLag {
		latest = map[string]framed{}
	}
	e := s.at.next.Load()
	for ; e != nil && out.bytes < limit; e = e.next.Load() {
		s.at = e
		verdict := s.judge(e)
		if latest != nil && e.ephemeral(s.offer.tracked()) {
			if e.kind == entryPresence && verdict == deliver {
				latest[e.member] = e.framed[s.variant]
			}
			continue
		}
		switch verdict {
		case deliver:
			chosen := s.choose(e)
			if chosen.frame == nil {
				s.mismatch()
				return false
			}
			out.addEntry(chosen)
		case tellBreak:
			s.breakOff(out)
			return false
		case skip:
		}
	}
	for _, member := range slices.Sorted(maps.Keys(latest)) {
		out.addEntry(latest[member])
	}
	return e != nil
}

// breakOff tells the client to begin again. The subscription stays with the connection, inert, until
// it does: cleaning up meanwhile could overtake its return.
func (s *subscription) breakOff(out *scratch) {
	s.state, s.at, s.behind = broken, nil, false
	s.connection.hub.counters.breaks.Add(1)
	s.channel.counters.breaks.Add(1)
	if s.server {
		// The client has nothing to ask for it by: it connects again and says where it stopped.
		s.connection.end(DisconnectInsufficientState)
		return
	}
	push, err := s.connection.codec.push(s.channel.name, unsubscribePush{unsubscribeInsufficient, "insufficient state"})
	if err == nil { // as it always is
		out.addObject(push)
	}
}

// mismatch ends a connection in whose form of the protocol a publication cannot be written: it would
// have a hole. The connection's mu is held.
func (s *subscription) mismatch() {
	c := s.connection
	c.hub.log.Info("client that speaks JSON disconnected: a publication is not JSON",
		"channel", s.channel.name, "client", c.id)
	c.end(DisconnectInappropriateProtocol)
}

type verdict uint8

const (
	skip verdict = iota
	deliver
	tellBreak
)

// judge says what an entry means to this subscription, and moves its position. What is recoverable
// sees each offset once and none left out; the rest sees what comes. What its client does not want moves its
// position, too: it is no hole.
func (s *subscription) judge(e *entry) verdict {
	switch {
	case e.kind == entryPresence:
		return when(s.offer.JoinLeave, deliver)
	case e.kind == entryBreak:
		return when(s.offer.tracked(), tellBreak)
	case !s.offer.tracked() || e.position.Epoch == "" || noOrder:
		return when(s.wants(e.tags), deliver)
	case e.position.Epoch != s.position.Epoch:
		return tellBreak
	case e.position.Offset <= s.position.Offset:
		return skip // the reply had it
	case e.position.Offset > s.position.Offset+1:
		return tellBreak
	}
	s.position = e.position
	return when(s.wants(e.tags), deliver)
}

// when is v where the condition holds, and skip elsewhere.
func when(condition bool, v verdict) verdict {
	if condition {
		return v
	}
	return skip
}
