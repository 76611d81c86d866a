package realtime

import (
	"encoding/json"

	"google.golang.org/protobuf/encoding/protowire"

	"magpie.build/packages/pubsub"
)

// The protocol's unsubscribe codes. From 2500 on the client subscribes again.
const (
	// unsubscribeServer says that the server wants it so.
	unsubscribeServer = 2000
	// unsubscribeInsufficient is for a subscription that cannot go on without a hole: the client learns
	// whether it can be recovered.
	unsubscribeInsufficient = 2500
	// unsubscribeExpired is for one that was not refreshed in time.
	unsubscribeExpired = 2501
)

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

// presenceStatsPush says how many members there are, where they are too many to say who. It is not in the
// protocol: clients that do not know it pass over it.
type presenceStatsPush struct{ presenceStatsResult }

func (presenceStatsPush) field() (string, protowire.Number) { return "presence_stats", 100 }

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

// subscribePush tells of a subscription that the server made.
type subscribePush struct {
	Recoverable bool            `json:"recoverable,omitempty"`
	Positioned  bool            `json:"positioned,omitempty"`
	Epoch       string          `json:"epoch,omitempty"`
	Offset      uint64          `json:"offset,omitempty"`
	Data        json.RawMessage `json:"data,omitempty"`
}

func (subscribePush) field() (string, protowire.Number) { return "subscribe", 9 }

func (p subscribePush) appendProtobuf(buf []byte) []byte {
	buf = appendBool(buf, 1, p.Recoverable)
	buf = appendText(buf, 4, p.Epoch)
	buf = appendUint(buf, 5, p.Offset)
	buf = appendBool(buf, 6, p.Positioned)
	return appendBytes(buf, 7, p.Data)
}

// refreshPush tells of another end of the connection that the server set.
type refreshPush refreshResult

func (refreshPush) field() (string, protowire.Number) { return "refresh", 12 }

func (p refreshPush) appendProtobuf(buf []byte) []byte {
	return appendUint(appendBool(buf, 1, p.Expires), 2, uint64(p.TTL))
}
