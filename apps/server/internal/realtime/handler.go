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
}

// Responder is a [Handler] that answers requests which belong to no channel. Without it they are refused as
// [ErrNotAvailable].
type Responder interface {
	// RPC answers a request of the client's, or [ErrMethodNotFound] if there is no such method.
	RPC(ctx context.Context, client Client, method string, data json.RawMessage) (json.RawMessage, error)
}

// Refresher is a [Handler] that renews connections and subscriptions before they expire: clients that
// came with a token are told when theirs ends, and send another in time. Without it what expires ends.
type Refresher interface {
	// Refresh says until when the new token admits the client.
	Refresh(ctx context.Context, client Client, token string) (RefreshReply, error)

	// RefreshSubscription says until when the new token admits the client to the channel; the zero time
	// is for ever.
	RefreshSubscription(ctx context.Context, client Client, channel, token string) (expireAt time.Time, err error)
}

// RefreshReply renews a connection.
type RefreshReply struct {
	// ExpireAt is the connection's new end; the zero time is never.
	ExpireAt time.Time
	// Credential is what the connection is held by from now on.
	Credential Credential
}

// Credential is the token by which a connection came, as far as it takes to find who came by one that
// was revoked.
type Credential struct {
	// TokenID is the token's own id, which may be empty.
	TokenID string
	// IssuedAt is when it was made, the zero time where that is not known.
	IssuedAt time.Time
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
	// Meta is for the handler alone, see [Client]. JSON or nil.
	Meta json.RawMessage
	// Credential is what the connection is held by.
	Credential Credential
	// ExpireAt is when the connection ends unless its client refreshes it, see [Refresher]; the zero
	// time is never.
	ExpireAt time.Time
	// Subscriptions are channels that the server subscribes the client to, by name. The client hears
	// of them with its connection.
	Subscriptions map[string]SubscribeReply
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
	// Positioned tells the client when it missed something, even if it cannot ask for it. What is
	// recoverable is positioned.
	Positioned bool
	// History lets it read the channel's history.
	History bool
	// Presence counts it among the members and lets it ask who they are.
	Presence bool
	// JoinLeave tells it who comes and goes.
	JoinLeave bool
	// MaxNamed is up to how many members of the channel it may ask who they are, and hears at once who of them
	// comes and goes. Of more it may ask how many they are, and is told so once a second while that changes.
	// It is the channel's: the same for everybody. Zero is any number.
	MaxNamed int
	// Delta lets it ask for what changed from one publication to the next instead of whole ones. It pays
	// where they are large and alike, and costs time for each.
	Delta bool
	// TagsFilter lets it ask for those publications alone whose tags match a filter.
	TagsFilter bool
	// Gather is how long a busy channel's publications may be kept so as to leave together, for less work with many
	// subscribers. What comes after twice as long a pause leaves at once. It is the channel's: the newest
	// subscriber's counts. Zero keeps nothing, the most is a second.
	Gather time.Duration
	// Info is shown to others as chan_info. JSON or nil.
	Info json.RawMessage
	// Data is handed to the client. JSON or nil.
	Data json.RawMessage
	// ExpireAt is when the subscription ends unless its client refreshes it, see [Refresher]; the zero
	// time is never.
	ExpireAt time.Time
}

// tracked is true where the subscriber sees each offset once and is told of a hole.
func (r *SubscribeReply) tracked() bool { return r.Recoverable || r.Positioned }

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
	// Subscribed says that it is subscribed to the channel that it would publish to.
	Subscribed bool
	// Meta and Credential are what Connect said of them. Other clients never see them: they are not set
	// where a client comes from a publication or from presence.
	Meta       json.RawMessage
	Credential Credential
}
