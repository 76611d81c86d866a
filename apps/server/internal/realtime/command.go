package realtime

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// commandTimeout is how long the protocol's clients wait for a reply.
const commandTimeout = 5 * time.Second

// command is what a client asks: an id, and one of the requests. With neither it is the answer to a
// ping.
type command struct {
	ID            uint32            `json:"id"`
	Connect       *connectCommand   `json:"connect"`
	Subscribe     *subscribeCommand `json:"subscribe"`
	Unsubscribe   *channelCommand   `json:"unsubscribe"`
	Publish       *publishCommand   `json:"publish"`
	Presence      *channelCommand   `json:"presence"`
	PresenceStats *channelCommand   `json:"presence_stats"`
	History       *historyCommand   `json:"history"`
	RPC           *rpcCommand       `json:"rpc"`
	Refresh       *refreshCommand   `json:"refresh"`
	SubRefresh    *json.RawMessage  `json:"sub_refresh"`
	Send          *json.RawMessage  `json:"send"`
	Ping          *json.RawMessage  `json:"ping"`
}

type connectCommand struct {
	Token   string          `json:"token"`
	Data    json.RawMessage `json:"data"`
	Name    string          `json:"name"`
	Version string          `json:"version"`
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
	Filter  json.RawMessage `json:"tf"`
}

// flagRejectUnrecovered in a subscribe command asks for an error instead of a hole.
const flagRejectUnrecovered = 2

type channelCommand struct {
	Channel string `json:"channel"`
}

type publishCommand struct {
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
}

type historyCommand struct {
	Channel string `json:"channel"`
	Limit   int32  `json:"limit"`
	Since   *struct {
		Offset uint64 `json:"offset"`
		Epoch  string `json:"epoch"`
	} `json:"since"`
	Reverse bool `json:"reverse"`
}

type rpcCommand struct {
	Method string          `json:"method"`
	Data   json.RawMessage `json:"data"`
}

type refreshCommand struct {
	Token string `json:"token"`
}

// errMalformed is what decodeCommands returns for anything that is no command of the protocol.
var errMalformed = errors.New("malformed command")

// decodeCommands reads a message: commands with a newline between each two, and perhaps one more at
// the end. All of them are good, or none.
func decodeCommands(message []byte) ([]command, error) {
	if !utf8.Valid(message) {
		// It would reach other clients, and browsers end a connection that is not UTF-8.
		return nil, fmt.Errorf("%w: not UTF-8", errMalformed)
	}
	message = bytes.TrimSuffix(message, []byte("\n"))
	var commands []command
	for line := range bytes.SplitSeq(message, []byte("\n")) {
		var cmd command
		if err := json.Unmarshal(line, &cmd); err != nil {
			return nil, fmt.Errorf("%w: %w", errMalformed, err)
		}
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("n")) {
			return nil, fmt.Errorf("%w: null", errMalformed)
		}
		commands = append(commands, cmd)
	}
	return commands, nil
}

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
