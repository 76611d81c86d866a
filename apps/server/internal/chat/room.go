package chat

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie.build/apps/server/internal/auth"
)

const (
	// MaxRoomName is the longest name of a room, in characters.
	MaxRoomName = 40
	// MaxRooms is how many rooms a deployment can have: the list fits one page and one read.
	MaxRooms = 1000
)

// RoomID names a room, in URLs too: its name in lower case, with dashes between the words. Two rooms
// whose names differ in case or punctuation alone are therefore one.
type RoomID string

// Room is where people talk.
type Room struct {
	ID   RoomID `json:"id"`
	Name string `json:"name"`
	// By is the id of who made the room, empty for the rooms a deployment begins with.
	By string    `json:"by,omitempty"`
	At time.Time `json:"at"`
}

// Namespace is what the channels of rooms have in common.
const Namespace = "room"

// channelPrefix begins the channel of every room.
const channelPrefix = Namespace + ":"

// Channel is the channel of a room on the wire. [RoomOf] is its inverse.
func Channel(id RoomID) string { return channelPrefix + string(id) }

// RoomOf returns the room that a channel belongs to, and whether it belongs to one at all.
func RoomOf(channel string) (RoomID, bool) {
	id, ok := strings.CutPrefix(channel, channelPrefix)
	return RoomID(id), ok && id != ""
}

// newRoom validates a name and derives the id. It returns an [*InputError].
func newRoom(name string, by auth.User, at time.Time) (Room, error) {
	invalid := func(reason string) (Room, error) {
		return Room{}, &InputError{Field: "room", Reason: reason}
	}
	name = strings.Join(strings.Fields(name), " ")
	switch {
	case name == "":
		return invalid("needs a name")
	case !utf8.ValidString(name):
		return invalid("has a name that is not valid UTF-8")
	case utf8.RuneCountInString(name) > MaxRoomName:
		return invalid(fmt.Sprintf("has a name of more than %d characters", MaxRoomName))
	case strings.ContainsFunc(name, auth.Invisible):
		return invalid("has a name with characters that cannot be seen")
	}
	id := slug(name)
	if id == "" {
		return invalid("needs a letter or a digit in its name")
	}
	return Room{ID: id, Name: name, By: by.ID, At: at.UTC().Truncate(time.Millisecond)}, nil
}

func slug(name string) RoomID {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	return RoomID(strings.Join(words, "-"))
}

// Rooms returns all rooms, in the order of their names. It may return the broker's errors.
func (c *Chat) Rooms(ctx context.Context, user auth.User) ([]Room, error) {
	if err := mayRead(user); err != nil {
		return nil, err
	}
	return c.rooms.list(ctx)
}

// Create makes a room. It returns an [*InputError] for a name that cannot be, [ErrTooManyRooms], or
// [ErrRoomExists] together with the room that has the name.
func (c *Chat) Create(ctx context.Context, user auth.User, name string) (Room, error) {
	if err := mayWrite(user); err != nil {
		return Room{}, err
	}
	room, err := newRoom(name, user, c.options.Now())
	if err != nil {
		return Room{}, err
	}
	return c.rooms.create(ctx, room)
}

// Join admits a user to a room, to read it and to be seen there. Being there is a matter of
// connections: a user is in a room from the first connection that subscribes to its [Channel] until
// the last one leaves or dies. It returns [ErrUnknownRoom] or [ErrForbidden].
func (c *Chat) Join(ctx context.Context, user auth.User, id RoomID) (Room, error) {
	if err := mayRead(user); err != nil {
		return Room{}, err
	}
	return c.rooms.room(ctx, id)
}
