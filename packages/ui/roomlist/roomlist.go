// Package roomlist shows the rooms one can go to.
package roomlist

import "strconv"

// Room is an entry of the list.
type Room struct {
	// ID is carried in data-room, for scripts that count unread messages.
	ID   string
	Name string
	Href string
	// Topic is a short line below the name. May be empty.
	Topic string
	// Unread is how many messages have come since the reader was there. Zero shows nothing.
	Unread int
	// Current is the room on the screen.
	Current bool
}

// Props describe the list.
type Props struct {
	// Label names the landmark. Empty means "Rooms".
	Label string
	Rooms []Room
}

func (p Props) label() string {
	if p.Label == "" {
		return "Rooms"
	}
	return p.Label
}

// unreadText stays two digits wide: beyond that the number says nothing more.
func unreadText(n int) string {
	if n > 99 {
		return "99+"
	}
	return strconv.Itoa(n)
}

func unreadLabel(n int) string {
	if n == 1 {
		return "1 unread message"
	}
	return strconv.Itoa(n) + " unread messages"
}
