package realtime

import (
	"time"

	"magpie.build/packages/pubsub"
)

// HandlePublication implements [pubsub.Handler]: it frames the publication once in each form that
// somebody subscribed here reads.
func (h *Hub) HandlePublication(name string, publication pubsub.Publication) {
	h.counters.publications.Add(1)
	if ch := h.channel(name); ch != nil {
		ch.counters.publications.Add(1)
		traced := h.arrive(ch, publication)
		ch.append(entryPublication, publication.Position, publicationPush(publication))
		traced.appended()
		h.rouse(ch)
	}
}

// HandlePresence implements [pubsub.Handler].
func (h *Hub) HandlePresence(name string, event pubsub.PresenceEvent) {
	if ch := h.channel(name); ch != nil {
		h.broadcast(ch, entryPresence, pubsub.Position{}, newPresencePush(event))
	}
}

// HandlePresenceStats implements [pubsub.Handler].
func (h *Hub) HandlePresenceStats(name string, stats pubsub.PresenceStats) {
	ch := h.channel(name)
	if ch == nil {
		return
	}
	if wait, ok := ch.crowd.note(stats, time.Now()); ok {
		time.AfterFunc(wait, func() { h.broadcast(ch, entryPresence, pubsub.Position{}, ch.crowd.take(time.Now())) })
	}
}

// HandleBreak implements [pubsub.Handler]: whoever was promised no hole is told that there is one.
func (h *Hub) HandleBreak(name string, position pubsub.Position) {
	if ch := h.channel(name); ch != nil {
		h.log.Warn("channel broke: something published in it is gone, its subscribers begin again",
			"channel", name, "epoch", position.Epoch, "offset", position.Offset)
		h.broadcast(ch, entryBreak, position, nil)
	}
}

func (h *Hub) channel(name string) *channel {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.channels[name]
}

// maxGather is the longest that publications are kept back.
const maxGather = time.Second

// broadcast appends to the channel's log and wakes the shards.
func (h *Hub) broadcast(ch *channel, kind entryKind, position pubsub.Position, what object) {
	ch.append(kind, position, what)
	h.rouse(ch)
}

// rouse wakes the shards that have somebody to tell, at once or when what else comes has been gathered.
func (h *Hub) rouse(ch *channel) {
	wait := ch.window()
	for i := range ch.audiences {
		a := &ch.audiences[i]
		if a.size.Load() == 0 || a.queued.Swap(true) {
			continue
		}
		if wait > 0 {
			time.AfterFunc(wait, func() { h.shards[i].addChannel(ch) })
		} else {
			h.shards[i].addChannel(ch)
		}
	}
}

// window is how long what was just appended may wait for more: not at all after a pause, as then there is most
// likely nothing to wait for.
func (ch *channel) window() time.Duration {
	gather := ch.gather.Load()
	if gather == 0 {
		return 0
	}
	at := time.Now().UnixNano()
	if at-ch.grown.Swap(at) > 2*gather {
		return 0
	}
	return time.Duration(gather)
}
