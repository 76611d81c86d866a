package realtime

import (
	"encoding/json"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"magpie.build/packages/pubsub"
)

// succeed sends the answer to a command that succeeded.
func (c *connection) succeed(id uint32, result object) error {
	reply, err := c.codec.answer(id, result)
	if err != nil {
		return err
	}
	c.push(reply)
	return nil
}

type connectResult struct {
	Client string          `json:"client"`
	Data   json.RawMessage `json:"data,omitempty"`
	// Subs are the channels that the server has subscribed the client to.
	Subs    map[string]subscribeResult `json:"subs,omitempty"`
	Expires bool                       `json:"expires,omitempty"`
	TTL     uint32                     `json:"ttl,omitempty"`
	// Ping is after how many seconds without a word clients think of the connection as lost, Pong that they are
	// to answer pings.
	Ping uint32 `json:"ping,omitempty"`
	Pong bool   `json:"pong,omitempty"`
	// Session and Node are where a stream's commands go.
	Session string `json:"session,omitempty"`
	Node    string `json:"node,omitempty"`
}

func (connectResult) field() (string, protowire.Number) { return "connect", 5 }

func (r connectResult) appendProtobuf(buf []byte) []byte {
	buf = appendText(buf, 1, r.Client)
	buf = appendBool(buf, 3, r.Expires)
	buf = appendUint(buf, 4, uint64(r.TTL))
	buf = appendBytes(buf, 5, r.Data)
	for channel, result := range r.Subs {
		buf = appendMessage(buf, 6, func(buf []byte) []byte {
			return appendMessage(appendText(buf, 1, channel), 2, result.appendProtobuf)
		})
	}
	buf = appendUint(buf, 7, uint64(r.Ping))
	buf = appendBool(buf, 8, r.Pong)
	return appendText(appendText(buf, 9, r.Session), 10, r.Node)
}

type subscribeResult struct {
	Expires       bool            `json:"expires,omitempty"`
	TTL           uint32          `json:"ttl,omitempty"`
	Recoverable   bool            `json:"recoverable,omitempty"`
	Positioned    bool            `json:"positioned,omitempty"`
	Epoch         string          `json:"epoch,omitempty"`
	Offset        uint64          `json:"offset,omitempty"`
	Recovered     bool            `json:"recovered,omitempty"`
	WasRecovering bool            `json:"was_recovering,omitempty"`
	Data          json.RawMessage `json:"data,omitempty"`
	// Delta says that the client is going to be sent deltas; missed are whole.
	Delta bool `json:"delta,omitempty"`
	// missed are on the wire as they are in the broker.
	missed []pubsub.Publication
}

func (subscribeResult) field() (string, protowire.Number) { return "subscribe", 6 }

// MarshalJSON is appendJSON for results within another.
func (r subscribeResult) MarshalJSON() ([]byte, error) { return r.appendJSON(nil) }

func (r subscribeResult) appendJSON(buf []byte) ([]byte, error) {
	type fields subscribeResult // without methods
	answer, err := marshal(fields(r))
	if err != nil || len(r.missed) == 0 {
		return append(buf, answer...), err
	}
	buf = append(buf, answer[:len(answer)-1]...)
	array := appendPublicationsJSON
	if r.Delta {
		array = appendTexts
	}
	buf, err = array(append(buf, `,"publications":`...), r.missed)
	return append(buf, '}'), err
}

func (r subscribeResult) appendProtobuf(buf []byte) []byte {
	buf = appendBool(buf, 1, r.Expires)
	buf = appendUint(buf, 2, uint64(r.TTL))
	buf = appendBool(buf, 3, r.Recoverable)
	buf = appendText(buf, 6, r.Epoch)
	buf = appendPublicationsProtobuf(buf, 7, r.missed)
	buf = appendBool(buf, 8, r.Recovered)
	buf = appendUint(buf, 9, r.Offset)
	buf = appendBool(buf, 10, r.Positioned)
	buf = appendBytes(buf, 11, r.Data)
	buf = appendBool(buf, 12, r.WasRecovering)
	return appendBool(buf, 13, r.Delta)
}

// historyResult is a part of a history, and the newest position.
type historyResult pubsub.History

func (historyResult) field() (string, protowire.Number) { return "history", 11 }

func (r historyResult) appendJSON(buf []byte) ([]byte, error) {
	buf, err := appendPublicationsJSON(append(buf, `{"publications":`...), r.Publications)
	buf = strconv.AppendUint(append(buf, `,"offset":`...), r.Position.Offset, 10)
	buf = appendString(append(buf, `,"epoch":`...), r.Position.Epoch)
	return append(buf, '}'), err
}

func (r historyResult) appendProtobuf(buf []byte) []byte {
	buf = appendPublicationsProtobuf(buf, 1, r.Publications)
	buf = appendText(buf, 2, r.Position.Epoch)
	return appendUint(buf, 3, r.Position.Offset)
}

type presenceResult struct {
	Presence map[string]*clientInfo `json:"presence"`
}

func (presenceResult) field() (string, protowire.Number) { return "presence", 9 }

func (r presenceResult) appendProtobuf(buf []byte) []byte {
	for id, info := range r.Presence {
		buf = appendMessage(buf, 1, func(buf []byte) []byte {
			return appendMessage(appendText(buf, 1, id), 2, info.appendProtobuf)
		})
	}
	return buf
}

type presenceStatsResult struct {
	Clients int `json:"num_clients"`
	Users   int `json:"num_users"`
}

func (presenceStatsResult) field() (string, protowire.Number) { return "presence_stats", 10 }

func (r presenceStatsResult) appendProtobuf(buf []byte) []byte {
	return appendUint(appendUint(buf, 1, uint64(r.Clients)), 2, uint64(r.Users))
}

type rpcResult struct {
	Data json.RawMessage `json:"data,omitempty"`
}

func (rpcResult) field() (string, protowire.Number) { return "rpc", 13 }

func (r rpcResult) appendProtobuf(buf []byte) []byte { return appendBytes(buf, 1, r.Data) }

type refreshResult struct {
	Expires bool   `json:"expires,omitempty"`
	TTL     uint32 `json:"ttl,omitempty"`
}

func (refreshResult) field() (string, protowire.Number) { return "refresh", 14 }

func (r refreshResult) appendProtobuf(buf []byte) []byte {
	return appendUint(appendBool(buf, 3, r.Expires), 4, uint64(r.TTL))
}

type subRefreshResult refreshResult

func (subRefreshResult) field() (string, protowire.Number) { return "sub_refresh", 15 }

func (r subRefreshResult) appendProtobuf(buf []byte) []byte {
	return appendUint(appendBool(buf, 1, r.Expires), 2, uint64(r.TTL))
}

type publishResult struct{}

func (publishResult) field() (string, protowire.Number) { return "publish", 8 }

func (publishResult) appendProtobuf(buf []byte) []byte { return buf }

type unsubscribeResult struct{}

func (unsubscribeResult) field() (string, protowire.Number) { return "unsubscribe", 7 }

func (unsubscribeResult) appendProtobuf(buf []byte) []byte { return buf }
