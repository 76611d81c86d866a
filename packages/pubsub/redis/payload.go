package redis

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"magpie.build/packages/pubsub"
)

// What travels through Pub/Sub begins with a letter for its kind:
//
//	p offset epoch milliseconds \n data   a publication with history
//	e data                                one without
//	x offset epoch                        the history up to there was removed
//	+ length id data                      somebody entered; the length is that of the id
//	- length id data                      somebody left
//
// with one space between the words of a header and none after the letter.
const ephemeral = "e"

// payload is a message from Pub/Sub, understood.
type payload struct {
	publication pubsub.Publication
	presence    *pubsub.PresenceEvent // nil for anything else
	removed     *pubsub.Position      // likewise
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
	length, rest, ok := strings.Cut(text, " ")
	n, err := strconv.ParseUint(length, 10, 16)
	if !ok || err != nil || n == 0 || n > uint64(len(rest)) {
		return payload{}, errPayload
	}
	member := pubsub.Member{ID: rest[:n], Data: []byte(rest[n:])}
	return payload{presence: &pubsub.PresenceEvent{Member: member, Left: left}}, nil
}
