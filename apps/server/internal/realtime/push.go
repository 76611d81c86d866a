package realtime

import (
	"encoding/json"
	"strconv"

	"magpie.build/packages/pubsub"
)

// The protocol's unsubscribe code for a subscription that cannot go on without a hole: the client
// subscribes again, and learns whether it can be recovered.
const unsubscribeInsufficient = 2500

// appendString appends s as a JSON string.
func appendString(buf []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // a string always can
	return append(buf, quoted...)
}

// appendPush begins a push to a channel; its caller adds what is pushed and two closing braces.
func appendPush(buf []byte, channel string) []byte {
	return appendString(append(buf, `{"push":{"channel":`...), channel)
}

// publicationPush is a publication as a push.
func publicationPush(channel string, publication pubsub.Publication) []byte {
	buf := make([]byte, 0, len(publication.Data)+len(channel)+128)
	buf = append(appendPush(buf, channel), `,"pub":`...)
	return append(appendPublication(buf, publication), `}}`...)
}

// presencePush says that a member came or went. The member's data is a clientInfo as JSON.
func presencePush(channel string, event pubsub.PresenceEvent) []byte {
	kind := `,"join":{"info":`
	if event.Left {
		kind = `,"leave":{"info":`
	}
	buf := append(appendPush(nil, channel), kind...)
	return append(append(buf, event.Member.Data...), `}}}`...)
}

// unsubscribePush ends a subscription.
func unsubscribePush(channel string, code int, reason string) []byte {
	buf := append(appendPush(nil, channel), `,"unsubscribe":{"code":`...)
	buf = append(strconv.AppendInt(buf, int64(code), 10), `,"reason":`...)
	return append(appendString(buf, reason), `}}}`...)
}
