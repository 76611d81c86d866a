package chat

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

const (
	// MaxText is the longest message, in characters.
	MaxText = 4000
	// MaxClientID is the longest id that a client gives a message, in bytes.
	MaxClientID = 64
	// retryWindow is how long a message may be sent again without being said twice: longer than
	// a client goes on trying by itself.
	retryWindow = time.Hour
)

// Message is something said in a room. Its JSON is what clients receive as the publication's data.
type Message struct {
	// ID is unique, and the same for every try to send one message.
	ID string `json:"id"`
	// ClientID is what the sending client called the message; unique for its user.
	ClientID string `json:"cid"`
	// UserID and Name say who said it, under the name of that moment.
	UserID string `json:"user"`
	Name   string `json:"name"`
	Text   string `json:"text"`
	// At is when a server accepted it, in milliseconds' precision.
	At time.Time `json:"at"`
	// HTML is the message's row, by [Render].
	HTML string `json:"html"`
	// Offset is the message's place in the room's history, set by [Chat.History]. On the wire it
	// stands beside the data.
	Offset uint64 `json:"-"`
}

// Draft is a message before it is said.
type Draft struct {
	// ClientID makes sending idempotent: the same draft sent twice is one message. It must be unique
	// for the user and at most MaxClientID bytes of printable ASCII.
	ClientID string
	// Text is plain, at most MaxText characters; line ends are kept, space around it is not.
	Text string
}

// Send says something in a room, for all who are there and for its history. A draft that was sent
// before, as far back as an hour, is not said again. It returns an [*InputError], [ErrUnknownRoom],
// [ErrForbidden] or the broker's errors; after one of the last the message may or may not be there,
// and sending it again is safe.
func (c *Chat) Send(ctx context.Context, user auth.User, id RoomID, draft Draft) (Message, error) {
	if err := mayWrite(user); err != nil {
		return Message{}, err
	}
	if _, err := c.rooms.room(ctx, id); err != nil {
		return Message{}, err
	}
	message, err := c.write(user, id, draft)
	if err != nil {
		return Message{}, err
	}
	if message.HTML, err = c.render(ctx, message); err != nil {
		return Message{}, fmt.Errorf("render a message in room %q: %w", id, err)
	}
	data, err := json.Marshal(message)
	if err != nil {
		return Message{}, fmt.Errorf("encode a message in room %q: %w", id, err)
	}
	_, err = c.feed.Publish(ctx, Channel(id), realtime.Publication{Data: data}, pubsub.PublishOptions{
		HistorySize:    c.options.RoomHistory,
		IdempotencyKey: message.ID,
		IdempotencyTTL: retryWindow,
		Replicas:       c.options.Replicas,
		ReplicaTimeout: c.options.ReplicaTimeout,
	})
	if err != nil {
		return Message{}, fmt.Errorf("send to room %q: %w", id, err)
	}
	return message, nil
}

// write makes a message of a valid draft.
func (c *Chat) write(user auth.User, id RoomID, draft Draft) (Message, error) {
	text, err := cleanText(draft.Text)
	if err != nil {
		return Message{}, err
	}
	if err := checkClientID(draft.ClientID); err != nil {
		return Message{}, err
	}
	return Message{
		ID:       messageID(user, id, draft.ClientID),
		ClientID: draft.ClientID,
		UserID:   user.ID,
		Name:     user.Name,
		Text:     text,
		At:       c.options.Now().UTC().Truncate(time.Millisecond),
	}, nil
}

// messageID derives the id from what makes a message one: so a retry has the id of the first try
// even on a server that never saw it.
func messageID(user auth.User, room RoomID, clientID string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", user.ID, room, clientID))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:15]))
}

func cleanText(text string) (string, error) {
	invalid := func(reason string) (string, error) {
		return "", &InputError{Field: "message", Reason: reason}
	}
	text = strings.ReplaceAll(text, "\r\n", "\n") // forms send lines so
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return invalid("is empty")
	case !utf8.ValidString(text):
		return invalid("is not valid UTF-8")
	case utf8.RuneCountInString(text) > MaxText:
		return invalid(fmt.Sprintf("is longer than %d characters", MaxText))
	case strings.ContainsFunc(text, forbiddenControl):
		return invalid("holds control characters")
	}
	return text, nil
}

func forbiddenControl(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

func checkClientID(id string) error {
	invalid := func(r rune) bool { return r <= ' ' || r > '~' }
	if id == "" || len(id) > MaxClientID || strings.ContainsFunc(id, invalid) {
		return &InputError{
			Field:  "message id",
			Reason: fmt.Sprintf("must be 1 to %d printable ASCII characters", MaxClientID),
		}
	}
	return nil
}
