package chat

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"magpie.build/apps/server/internal/auth"
)

// Badge is what a connection shows of its user to others: the wire's conn_info.
type Badge struct {
	Name string `json:"name"`
}

// People returns who is in a room now, over all servers, each user once however many connections
// they have, in the order of their names. It returns [ErrUnknownRoom], [ErrForbidden] or the
// broker's errors.
func (c *Chat) People(ctx context.Context, user auth.User, id RoomID) ([]auth.User, error) {
	if _, err := c.Join(ctx, user, id); err != nil {
		return nil, err
	}
	clients, err := c.feed.Members(ctx, Channel(id))
	if err != nil {
		return nil, fmt.Errorf("people in room %q: %w", id, err)
	}
	people := make([]auth.User, 0, len(clients))
	for _, client := range clients {
		var badge Badge
		if json.Unmarshal(client.Info, &badge) == nil && client.User != "" {
			people = append(people, auth.User{ID: client.User, Name: badge.Name})
		}
	}
	slices.SortFunc(people, func(a, b auth.User) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(people, func(a, b auth.User) bool { return a.ID == b.ID }), nil
}
