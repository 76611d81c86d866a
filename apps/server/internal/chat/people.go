package chat

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/realtime"
)

// Badge is what a connection shows of its user to others: the wire's conn_info.
type Badge struct {
	Name string `json:"name"`
}

// People are those in a room.
type People struct {
	// Count is how many they are, each user once however many connections they have.
	Count int
	// Named is who they are, in the order of their names. Nobody is named in a room that is too full.
	Named []auth.User
}

// Crowd says that they are too many to be named.
func (p People) Crowd() bool { return p.Count > len(p.Named) }

// People returns who is in a room now, over all servers. It returns [ErrUnknownRoom], [ErrForbidden] or the
// broker's errors.
func (c *Chat) People(ctx context.Context, user auth.User, id RoomID) (people People, err error) {
	if _, err := c.Join(ctx, user, id); err != nil {
		return people, err
	}
	if most := c.options.MaxNamed; most > 0 {
		stats, err := c.feed.PresenceStats(ctx, Channel(id))
		if err != nil {
			return people, fmt.Errorf("people in room %q: %w", id, err)
		}
		if stats.Members > most {
			return People{Count: stats.Users}, nil
		}
	}
	clients, err := c.feed.Members(ctx, Channel(id))
	if err != nil {
		return people, fmt.Errorf("people in room %q: %w", id, err)
	}
	people.Named = usersOf(clients)
	people.Count = len(people.Named)
	return people, nil
}

// usersOf returns each user once.
func usersOf(clients []realtime.Client) []auth.User {
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
	return slices.CompactFunc(people, func(a, b auth.User) bool { return a.ID == b.ID })
}
