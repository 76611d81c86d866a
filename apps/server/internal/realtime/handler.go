package realtime

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Handler decides what connections may do. Its methods are called from many goroutines at once,
// for one connection one after another; each has the protocol's five seconds, after which ctx ends.
// An [*Error] goes to the client as it is, a [DisconnectError] closes the connection, any other
// error is logged and told as [ErrInternal].
type Handler interface {
	// Connect says who a new connection is. It must come before anything else.
	Connect(ctx context.Context, request ConnectRequest) (ConnectReply, error)

	// Subscribe says whether the client may join the channel, and what the channel offers it.
	Subscribe(ctx context.Context, client Client, request SubscribeRequest) (SubscribeReply, error)

	// Publish is asked to publish data to a channel for the client: it does so itself, by
	// [Hub.Publish] or otherwise, as only it knows history and idempotency.
	Publish(ctx context.Context, client Client, channel string, data json.RawMessage) error

	// RPC answers a request of the client's that belongs to no channel.
	RPC(ctx context.Context, client Client, method string, data json.RawMessage) (json.RawMessage, error)
}

// Refresher is a [Handler] that renews connections before they expire: clients that came with a token
// are told when theirs ends, and send another in time. Without it an expiring connection is closed.
type Refresher interface {
	// Refresh says until when the new token admits the client; the zero time is for ever.
	Refresh(ctx context.Context, client Client, token string) (expireAt time.Time, err error)
}

// ConnectRequest is what a new connection says of itself.
type ConnectRequest struct {
	// Client is the connection's id, chosen by the hub.
	Client string
	// Token is the connection token, empty where the HTTP request itself identifies the user.
	Token string
	// Data is whatever the client sent with its connect command, or nil.
	Data json.RawMessage
	// Name and Version say which client library it is.
	Name, Version string
	// Header is the header of the HTTP request that became the connection. Read only.
	Header http.Header
	// RemoteAddr is the peer's address.
	RemoteAddr string
}

// ConnectReply admits a connection.
type ConnectReply struct {
	// User is who it is; empty for somebody anonymous.
	User string
	// Info is shown to others as conn_info, in presence and with publications. JSON or nil.
	Info json.RawMessage
	// Data is handed to the client. JSON or nil.
	Data json.RawMessage
	// ExpireAt is when the connection ends unless its client refreshes it, see [Refresher]; the zero
	// time is never.
	ExpireAt time.Time
}

// SubscribeRequest asks to join a channel.
type SubscribeRequest struct {
	Channel string
	// Token is the subscription token, empty when the client sent none.
	Token string
	// Data is whatever the client sent with the command, or nil.
	Data json.RawMessage
}

// SubscribeReply says what the channel offers to a subscriber. The zero value is a plain channel:
// live publications and nothing else.
type SubscribeReply struct {
	// Recoverable lets a client that was away ask for what it missed.
	Recoverable bool
	// History lets it read the channel's history.
	History bool
	// Presence counts it among the members and lets it ask who they are.
	Presence bool
	// JoinLeave tells it who comes and goes.
	JoinLeave bool
	// Info is shown to others as chan_info. JSON or nil.
	Info json.RawMessage
	// Data is handed to the client. JSON or nil.
	Data json.RawMessage
}

// Client is one connection, as a handler and other clients see it.
type Client struct {
	// ID is unique to the connection, over all servers.
	ID string
	// User is who it is, as Connect said.
	User string
	// Info is what Connect said of it: conn_info. JSON or nil.
	Info json.RawMessage
	// ChannelInfo is what Subscribe said of it: chan_info. Nil outside a channel.
	ChannelInfo json.RawMessage
}
