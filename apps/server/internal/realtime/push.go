package realtime

import (
	"encoding/json"

	"google.golang.org/protobuf/encoding/protowire"

	"magpie.build/packages/pubsub"
)

// The protocol's unsubscribe code for a subscription that cannot go on without a hole: the client
// subscribes again, and learns whether it can be recovered.
const unsubscribeInsufficient = 2500

// publicationPush is something said in a channel.
type publicationPush pubsub.Publication

func (publicationPush) field() (string, protowire.Number) { return "pub", 4 }

func (p publicationPush) appendJSON(buf []byte) ([]byte, error) {
	return appendPublicationJSON(buf, pubsub.Publication(p))
}

func (p publicationPush) appendProtobuf(buf []byte) []byte {
	return appendPublicationProtobuf(buf, pubsub.Publication(p))
}

// presencePush says that a member came or went.
type presencePush struct {
	Info *clientInfo `json:"info"`
	left bool
}

func newPresencePush(event pubsub.PresenceEvent) presencePush {
	return presencePush{Info: memberInfo(event.Member), left: event.Left}
}

func (p presencePush) field() (string, protowire.Number) {
	if p.left {
		return "leave", 6
	}
	return "join", 5
}

func (p presencePush) appendProtobuf(buf []byte) []byte {
	return appendMessage(buf, 1, p.Info.appendProtobuf)
}

// memberInfo is who a member is; of one that is not ours only the id is known.
func memberInfo(member pubsub.Member) *clientInfo {
	var info clientInfo
	if err := json.Unmarshal(member.Data, &info); err != nil {
		return &clientInfo{Client: member.ID}
	}
	return &info
}

// disconnectPush ends a connection that has no close frame.
type disconnectPush struct {
	Code      uint32 `json:"code"`
	Reason    string `json:"reason"`
	Reconnect bool   `json:"reconnect,omitempty"`
}

func newDisconnectPush(reason DisconnectError) disconnectPush {
	return disconnectPush{uint32(reason), reason.Error(), reason.reconnects()}
}

func (disconnectPush) field() (string, protowire.Number) { return "disconnect", 11 }

func (p disconnectPush) appendProtobuf(buf []byte) []byte {
	buf = appendText(appendUint(buf, 1, uint64(p.Code)), 2, p.Reason)
	return appendBool(buf, 3, p.Reconnect)
}

// unsubscribePush ends a subscription.
type unsubscribePush struct {
	Code   uint32 `json:"code"`
	Reason string `json:"reason"`
}

func (unsubscribePush) field() (string, protowire.Number) { return "unsubscribe", 7 }

func (p unsubscribePush) appendProtobuf(buf []byte) []byte {
	return appendText(appendUint(buf, 2, uint64(p.Code)), 3, p.Reason)
}
