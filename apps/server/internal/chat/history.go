package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/packages/pubsub"
)

// MaxPage is how many messages one page of history holds at most.
const MaxPage = 100

// PageRequest asks for a part of a room's history, the zero value for its newest messages.
type PageRequest struct {
	// Before asks for what was said before that position's offset. Zero asks for the newest.
	Before uint64
	// Limit is how many messages to return. Zero, or more than MaxPage, means MaxPage.
	Limit int
}

// Page is a part of a room's history.
type Page struct {
	// Messages are ordered as they were said, the oldest first.
	Messages []Message
	// Position is the newest of the whole history: live messages follow it.
	Position pubsub.Position
	// Older is what to ask for as Before to go on into the past, zero at its end.
	Older uint64
}

// History returns a page of a room's history. It returns [ErrUnknownRoom], [ErrForbidden] or the
// broker's errors.
func (c *Chat) History(ctx context.Context, user auth.User, id RoomID, request PageRequest) (Page, error) {
	if _, err := c.Join(ctx, user, id); err != nil {
		return Page{}, err
	}
	limit := request.Limit
	if limit <= 0 || limit > MaxPage {
		limit = MaxPage
	}
	options := pubsub.HistoryOptions{Reverse: true, Limit: limit + 1} // one more tells whether there is more
	if request.Before > 0 {
		options.Since = &pubsub.Position{Offset: request.Before}
	}
	publications, position, err := c.feed.History(ctx, Channel(id), options)
	if err != nil && !errors.Is(err, pubsub.ErrUnrecoverable) {
		return Page{}, fmt.Errorf("history of room %q: %w", id, err)
	}
	page := Page{Position: position}
	if len(publications) > limit {
		publications = publications[:limit]
		page.Older = publications[limit-1].Position.Offset
	}
	for _, publication := range slices.Backward(publications) {
		var message Message
		// What is no message of ours keeps its place in the order and is not shown.
		if json.Unmarshal(publication.Data, &message) == nil && message.ID != "" {
			message.Offset = publication.Position.Offset
			page.Messages = append(page.Messages, message)
		}
	}
	return page, nil
}
