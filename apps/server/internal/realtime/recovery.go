package realtime

import (
	"context"
	"errors"
	"fmt"

	"magpie.build/packages/pubsub"
)

// recovery is what a subscription to a recoverable channel begins with.
type recovery struct {
	// recovered says that publications are all that the client missed.
	recovered    bool
	publications []pubsub.Publication
	// position is where live delivery goes on.
	position pubsub.Position
}

// resume finds out how to go on from since (nil where the client has no position) given the newest
// position known when the subscription took its place in the log. History is read only where that
// does not tell: with a room full of people, most subscribe without a question to the broker.
func (h *Hub) resume(ctx context.Context, ch *channel, since *pubsub.Position, known pubsub.Position) (recovery, error) {
	switch {
	case known.Epoch == "":
	case since == nil:
		return recovery{position: known}, nil
	case since.Offset == known.Offset && (since.Epoch == "" || since.Epoch == known.Epoch):
		return recovery{recovered: true, position: known}, nil
	}
	history, err := h.missed(ctx, ch, since, known)
	lost := errors.Is(err, pubsub.ErrUnrecoverable)
	if err != nil && !lost {
		return recovery{}, err
	}
	ch.learn(history.Position)
	r := recovery{position: history.Position}
	if since != nil && !lost && complete(*since, history) {
		r.recovered, r.publications = true, history.Publications
	}
	return r, nil
}

// complete reports whether history holds everything from since to its newest position.
func complete(since pubsub.Position, history pubsub.History) bool {
	if since.Epoch != "" && since.Epoch != history.Position.Epoch {
		return false
	}
	return continues(since, history.Publications) &&
		since.Offset+uint64(len(history.Publications)) == history.Position.Offset
}

// missed reads what came after since, or just the newest position. Connections that ask the same at
// the same time share one read, if it began late enough to hold all that the log does not.
func (h *Hub) missed(ctx context.Context, ch *channel, since *pubsub.Position, known pubsub.Position) (pubsub.History, error) {
	key := ch.name
	limit := 0
	if since != nil {
		key = fmt.Sprintf("%s\n%s\n%d", ch.name, since.Epoch, since.Offset)
		limit = h.options.MaxHistory
	}
	read := func(ctx context.Context) (pubsub.History, error) {
		if since == nil {
			return h.readHistory(ctx, ch.name, pubsub.Position{}, 0)
		}
		return h.readHistory(ctx, ch.name, *since, limit)
	}
	shared := h.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(h.ctx, commandTimeout)
		defer cancel()
		return read(ctx)
	})
	select {
	case <-ctx.Done():
		return pubsub.History{}, ctx.Err()
	case result := <-shared:
		history, _ := result.Val.(pubsub.History)
		stale := history.Position.Epoch == known.Epoch && history.Position.Offset < known.Offset
		if result.Shared && stale {
			return read(ctx)
		}
		return history, result.Err
	}
}

// readHistory reads publications after a position, one of maxHistoryReads at a time. A limit of 0
// reads the newest position only.
func (h *Hub) readHistory(ctx context.Context, channel string, since pubsub.Position, limit int) (pubsub.History, error) {
	select {
	case h.reads <- struct{}{}:
		defer func() { <-h.reads }()
	case <-ctx.Done():
		return pubsub.History{}, ctx.Err()
	}
	options := pubsub.HistoryOptions{Limit: limit}
	if limit != 0 {
		options.Since = &since
	}
	return h.broker.History(ctx, channel, options)
}
