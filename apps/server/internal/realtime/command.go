package realtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// What a client may say of itself.
const (
	maxClientName    = 16
	maxClientVersion = 64
)

// commandTimeout is how long the protocol's clients wait for a reply.
const commandTimeout = 5 * time.Second

// command is what a client asks: an id, and one of the requests. With neither it is the answer to a
// ping. Data is JSON where the client speaks JSON, and any bytes where it speaks protobuf.
type command struct {
	ID            uint32             `json:"id"`
	Connect       *connectCommand    `json:"connect"`
	Subscribe     *subscribeCommand  `json:"subscribe"`
	Unsubscribe   *channelCommand    `json:"unsubscribe"`
	Publish       *publishCommand    `json:"publish"`
	Presence      *channelCommand    `json:"presence"`
	PresenceStats *channelCommand    `json:"presence_stats"`
	History       *historyCommand    `json:"history"`
	RPC           *rpcCommand        `json:"rpc"`
	Refresh       *refreshCommand    `json:"refresh"`
	SubRefresh    *subRefreshCommand `json:"sub_refresh"`
	Send          *json.RawMessage   `json:"send"`
	Ping          *json.RawMessage   `json:"ping"`
}

type connectCommand struct {
	Token   string          `json:"token"`
	Data    json.RawMessage `json:"data"`
	Name    string          `json:"name"`
	Version string          `json:"version"`
	// Subs are where the client stopped in channels that the server subscribes it to.
	Subs map[string]*subscribeCommand `json:"subs"`
}

type subscribeCommand struct {
	Channel string          `json:"channel"`
	Token   string          `json:"token"`
	Data    json.RawMessage `json:"data"`
	Recover bool            `json:"recover"`
	Epoch   string          `json:"epoch"`
	Offset  uint64          `json:"offset"`
	Flag    int64           `json:"flag"`
	Type    int32           `json:"type"`
	// Filter is a tree of comparisons in the client's form of the protocol, see [codec.filter].
	Filter json.RawMessage `json:"tf"`
	Delta  string          `json:"delta"`
}

// flagRejectUnrecovered in a subscribe command asks for an error instead of a hole.
const flagRejectUnrecovered = 2

type channelCommand struct {
	Channel string `json:"channel"`
}

type publishCommand struct {
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
	// What follows is for maps, which are not offered.
	Type    int32  `json:"type"`
	Key     string `json:"key"`
	Removed bool   `json:"removed"`
}

type historyCommand struct {
	Channel string          `json:"channel"`
	Limit   int32           `json:"limit"`
	Since   *streamPosition `json:"since"`
	Reverse bool            `json:"reverse"`
}

type streamPosition struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

type rpcCommand struct {
	Method string          `json:"method"`
	Data   json.RawMessage `json:"data"`
}

type refreshCommand struct {
	Token string `json:"token"`
}

type subRefreshCommand struct {
	Channel string `json:"channel"`
	Token   string `json:"token"`
	Type    int32  `json:"type"`
}

// maxCommands is how many commands one message may have: small ones could otherwise become a hundred
// times as much memory.
const maxCommands = 4096

// errMalformed is what codecs return for anything that is no command of the protocol.
var (
	errMalformed       = errors.New("malformed command")
	errTooManyCommands = fmt.Errorf("%w: more than %d in one message", errMalformed, maxCommands)
)

// isPong reports whether the command is the answer to a ping.
func (cmd *command) isPong() bool { return cmd.ID == 0 && cmd.name() == "" && cmd.Send == nil }

// name is the request's name on the wire, empty for none that this server knows.
func (cmd *command) name() string {
	switch {
	case cmd.Connect != nil:
		return "connect"
	case cmd.Subscribe != nil:
		return "subscribe"
	case cmd.Unsubscribe != nil:
		return "unsubscribe"
	case cmd.Publish != nil:
		return "publish"
	case cmd.Presence != nil:
		return "presence"
	case cmd.PresenceStats != nil:
		return "presence_stats"
	case cmd.History != nil:
		return "history"
	case cmd.RPC != nil:
		return "rpc"
	case cmd.Refresh != nil:
		return "refresh"
	case cmd.SubRefresh != nil:
		return "sub_refresh"
	case cmd.Ping != nil:
		return "ping"
	default:
		return ""
	}
}
