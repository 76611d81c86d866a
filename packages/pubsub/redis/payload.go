package redis

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"magpie.build/packages/pubsub"
)

// What travels through Pub/Sub begins with a letter for its kind:
//
//	p offset epoch milliseconds \n data   a publication with history
//	e data                                one without
//	x offset epoch                        the history up to there was removed
//	+ length id length user data          somebody entered; a length is that of the word after it
//	- length id length user data          somebody left
//	# members users                       how many there are, instead of who
//
// with one space after each number that something follows, and none elsewhere.
const ephemeral = "e"

// payload is a message from Pub/Sub, understood.
type payload struct {
	publication pubsub.Publication
	presence    *pubsub.PresenceEvent // these are nil for anything else
	stats       *pubsub.PresenceStats
	removed     *pubsub.Position
}

// errPayload is returned for bytes that no broker of this kind published.
var errPayload = errors.New("payload is not understood")

// parsePayload copies the data, but positions share message's memory.
func parsePayload(message string) (payload, error) {
	if message == "" {
		return payload{}, errPayload
	}
	kind, rest := message[:1], message[1:]
	switch kind {
	case ephemeral:
		return payload{publication: pubsub.Publication{Data: []byte(rest)}}, nil
	case "p":
		return parsePublication(rest)
	case "x":
		at, ok := parsePosition(rest)
		if !ok {
			return payload{}, errPayload
		}
		return payload{removed: &at}, nil
	case "+", "-":
		return parsePresence(rest, kind == "-")
	case "#":
		return parseStats(rest)
	}
	return payload{}, errPayload
}

func parsePublication(text string) (payload, error) {
	header, data, ok := strings.Cut(text, "\n")
	position, milliseconds, ok2 := cutLast(header)
	at, ok3 := parsePosition(position)
	ms, err := strconv.ParseInt(milliseconds, 10, 64)
	if !ok || !ok2 || !ok3 || err != nil {
		return payload{}, errPayload
	}
	return payload{publication: pubsub.Publication{Position: at, Time: time.UnixMilli(ms), Data: []byte(data)}}, nil
}

func cutLast(text string) (before, after string, ok bool) {
	i := strings.LastIndexByte(text, ' ')
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// parsePosition understands "offset epoch".
func parsePosition(text string) (pubsub.Position, bool) {
	offset, epoch, ok := strings.Cut(text, " ")
	n, err := strconv.ParseUint(offset, 10, 64)
	return pubsub.Position{Epoch: epoch, Offset: n}, ok && err == nil && n > 0 && epoch != ""
}

func parsePresence(text string, left bool) (payload, error) {
	id, rest, ok := cutCounted(text)
	member, ok2 := parseMember(id, rest)
	if !ok || !ok2 || id == "" {
		return payload{}, errPayload
	}
	return payload{presence: &pubsub.PresenceEvent{Member: member, Left: left}}, nil
}

// parseMember understands "length user data".
func parseMember(id, text string) (pubsub.Member, bool) {
	user, data, ok := cutCounted(text)
	return pubsub.Member{ID: id, User: user, Data: []byte(data)}, ok
}

// memberText is the inverse of parseMember.
func memberText(m pubsub.Member) string {
	return strconv.Itoa(len(m.User)) + " " + m.User + rueidis.BinaryString(m.Data)
}

// eventText is the payload of an event.
func eventText(event pubsub.PresenceEvent) string {
	sign := "+"
	if event.Left {
		sign = "-"
	}
	return sign + strconv.Itoa(len(event.Member.ID)) + " " + event.Member.ID + memberText(event.Member)
}

// cutCounted understands "length word", and returns the word and what follows it.
func cutCounted(text string) (word, rest string, ok bool) {
	length, rest, ok := strings.Cut(text, " ")
	n, err := strconv.ParseUint(length, 10, 32)
	if !ok || err != nil || n > uint64(len(rest)) {
		return "", "", false
	}
	return rest[:n], rest[n:], true
}

func parseStats(text string) (payload, error) {
	members, users, ok := strings.Cut(text, " ")
	m, err := strconv.ParseUint(members, 10, 31)
	u, err2 := strconv.ParseUint(users, 10, 31)
	if !ok || err != nil || err2 != nil {
		return payload{}, errPayload
	}
	return payload{stats: &pubsub.PresenceStats{Members: int(m), Users: int(u)}}, nil
}
