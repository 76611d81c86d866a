package realtime

import "magpie.build/packages/pubsub"

// HandlePublication implements [pubsub.Handler]: it frames the publication once, for all who are
// subscribed here.
func (h *Hub) HandlePublication(name string, publication pubsub.Publication) {
	h.counters.publications.Add(1)
	if ch := h.channel(name); ch != nil {
		h.broadcast(ch, newEntry(entryPublication, publication.Position, publicationPush(name, publication)))
	}
}

// HandlePresence implements [pubsub.Handler].
func (h *Hub) HandlePresence(name string, event pubsub.PresenceEvent) {
	if ch := h.channel(name); ch != nil {
		h.broadcast(ch, newEntry(entryPresence, pubsub.Position{}, presencePush(name, event)))
	}
}

// HandleBreak implements [pubsub.Handler]: whoever was promised no hole is told that there is one.
func (h *Hub) HandleBreak(name string, position pubsub.Position) {
	if ch := h.channel(name); ch != nil {
		h.broadcast(ch, newEntry(entryBreak, position, nil))
	}
}

func (h *Hub) channel(name string) *channel {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.channels[name]
}

// broadcast appends to the channel's log and wakes the shards that have somebody to tell.
func (h *Hub) broadcast(ch *channel, e *entry) {
	ch.append(e)
	for i := range ch.audiences {
		a := &ch.audiences[i]
		if a.size.Load() > 0 && !a.queued.Swap(true) {
			h.shards[i].addChannel(ch)
		}
	}
}
