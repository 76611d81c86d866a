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

// outcome is how a recovery ended.
func outcome(r recovery, err error) Recovery {
	switch {
	case err != nil:
		return RecoveryFailed
	case r.recovered:
		return RecoveryComplete
	default:
		return RecoveryLost
	}
}

// resume finds out how to go on from since (nil where the client has no position) given the log's end
// where the subscription took its place. History is read only where that does not tell: with a room
// full of people, most subscribe without a question to the broker.
func (h *Hub) resume(ctx context.Context, ch *channel, since *pubsub.Position, end logEnd) (recovery, error) {
	switch {
	case !end.settled:
	case since == nil:
		return recovery{position: end.position}, nil
	case since.Offset == end.position.Offset && (since.Epoch == "" || since.Epoch == end.position.Epoch):
		return recovery{recovered: true, position: end.position}, nil
	}
	history, err := h.missed(ctx, ch, since, end.position)
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

// complete reports whether history holds everything from since to its newest position. Its epoch may be
// one in which that of since went on; of any other the broker says so.
func complete(since pubsub.Position, history pubsub.History) bool {
	return continues(since, history.Publications) &&
		since.Offset+uint64(len(history.Publications)) == history.Position.Offset
}

// missed reads what came after since, or just the newest position. Connections that ask the same at
// the same time share one read, if it began late enough to hold all that the log does not.
func (h *Hub) missed(ctx context.Context, ch *channel, since *pubsub.Position, delivered pubsub.Position) (pubsub.History, error) {
	key, after, limit := ch.name, pubsub.Position{}, 0
	if since != nil {
		key = fmt.Sprintf("%s\n%s\n%d", ch.name, since.Epoch, since.Offset)
		after, limit = *since, h.options.MaxHistory
	}
	read := func(ctx context.Context) (pubsub.History, error) {
		return h.readHistory(ctx, ch.name, after, limit)
	}
	// It ends with the first who asked, whose subscription keeps the channel: nobody is given a read
	// from before the channel was left and come back to.
	deadline, _ := ctx.Deadline()
	shared := h.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithDeadline(h.ctx, deadline)
		defer cancel()
		return read(ctx)
	})
	select {
	case <-ctx.Done():
		return pubsub.History{}, ctx.Err()
	case result := <-shared:
		history, _ := result.Val.(pubsub.History)
		stale := history.Position.Epoch == delivered.Epoch && history.Position.Offset < delivered.Offset
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
	options := pubsub.HistoryOptions{Limit: limit, Recent: true}
	if limit != 0 {
		options.Since = &since
	}
	return h.broker.History(ctx, channel, options)
}
