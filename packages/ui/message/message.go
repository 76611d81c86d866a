// Package message is a chat message, the same for one from the history, one that arrives and one that is on its way.
//
// A row knows nothing of its reader. Who wrote it and whom it mentions stand in data-author and data-mentions, so that a page can mark
// what is the reader's own by setting data-mine and data-mentioned; everything else is the same for all, and a server renders each message
// once. A page may also set data-continued, as [Props].Continued does.
package message

import "time"

// State is how far a message has come.
type State string

// The states. The zero value is the usual one.
const (
	Sent    State = ""
	Pending State = "pending"
	Failed  State = "failed"
)

// Author is who wrote a message.
type Author struct {
	// ID is the author's lasting id.
	ID   string
	Name string
}

// Props describe a message.
type Props struct {
	// ID is the message's lasting id, empty while it is not sent. The row's id in the page is "message-" and the ID.
	ID string
	// ClientID is what the sender's page called the message before it had an ID.
	ClientID string
	// Offset is the message's position in its room. Zero while it is not sent.
	Offset uint64
	State  State
	Author Author
	// Continued says that the author is the one of the message before, some minutes ago at most. Picture and name are then hidden.
	Continued bool
	// Mentions are the ids of the people named in the text.
	Mentions []string
	// At is when the message was sent. The zero time shows no time.
	At time.Time
	// Text is plain text. Its line breaks are kept, its web addresses become links.
	Text string
}
