// Package access decides what connections may do: it answers the realtime hub from the application's
// tokens, the namespaces of channels and the chat, each of which knows its part alone.
//
// Who a connection is, is the chat's to say where it comes with a proof of the chat's, and else its
// token's. What a channel offers stands in its namespace; who may join and speak in a room is the chat's
// to say, as what is said there is shown as HTML.
package access

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"magpie.build/apps/server/internal/chat"
	"magpie.build/apps/server/internal/namespace"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/apps/server/internal/token"
	"magpie.build/packages/pubsub"
)

// Publisher publishes to channels. A [realtime.Hub] is one.
type Publisher interface {
	Publish(ctx context.Context, channel string, publication realtime.Publication, options pubsub.PublishOptions) (pubsub.Position, error)
}

// Chat answers for rooms and for who signed in to the chat.
type Chat interface {
	realtime.Handler
	realtime.Refresher
}

// Handler decides what connections may do. Its fields are set before the hub runs.
type Handler struct {
	Chat       Chat
	Tokens     *token.Verifier
	Namespaces *namespace.Set
	Publisher  Publisher
	// AllowAnonymous lets in who proves nothing, without a name.
	AllowAnonymous bool
}

var (
	_ realtime.Handler   = (*Handler)(nil)
	_ realtime.Refresher = (*Handler)(nil)
)

// Connect knows who signed in to the chat, who has a token of the application's, and who nobody is.
func (h *Handler) Connect(ctx context.Context, request realtime.ConnectRequest) (realtime.ConnectReply, error) {
	reply, err := h.Chat.Connect(ctx, request)
	switch {
	case !errors.Is(err, realtime.DisconnectInvalidToken):
		return reply, err
	case request.Token != "":
		return h.connectByToken(ctx, request)
	case h.AllowAnonymous:
		return realtime.ConnectReply{}, nil
	default:
		return reply, err
	}
}

func (h *Handler) connectByToken(ctx context.Context, request realtime.ConnectRequest) (realtime.ConnectReply, error) {
	t, err := h.Tokens.Connection(ctx, request.Token)
	if err != nil {
		return realtime.ConnectReply{}, refuse(err, realtime.DisconnectInvalidToken)
	}
	reply := realtime.ConnectReply{
		User: t.User, Info: t.Info, Meta: t.Meta, Credential: credential(t.Credential),
		ExpireAt: t.ExpireAt, Subscriptions: make(map[string]realtime.SubscribeReply, len(t.Subscriptions)),
	}
	client := realtime.Client{ID: request.Client, User: t.User, Info: t.Info}
	for channel, options := range t.Subscriptions {
		offer, err := h.Offer(ctx, client, channel)
		if err != nil {
			return realtime.ConnectReply{}, err
		}
		reply.Subscriptions[channel] = withOptions(offer, options)
	}
	return reply, nil
}

// Offer is what a channel offers to a client that the application wants in it: only a room may refuse.
func (h *Handler) Offer(ctx context.Context, client realtime.Client, channel string) (realtime.SubscribeReply, error) {
	n, err := h.find(channel)
	if err != nil {
		return realtime.SubscribeReply{}, err
	}
	if isRoom(channel) {
		if _, err := h.Chat.Subscribe(ctx, client, realtime.SubscribeRequest{Channel: channel}); err != nil {
			return realtime.SubscribeReply{}, err
		}
	}
	return offer(n), nil
}

// Subscribe lets in who the namespace lets in, who has a token for the channel, and to rooms whom the chat
// lets in.
func (h *Handler) Subscribe(ctx context.Context, client realtime.Client, request realtime.SubscribeRequest) (realtime.SubscribeReply, error) {
	n, err := h.find(request.Channel)
	switch {
	case err != nil:
		return realtime.SubscribeReply{}, err
	case isRoom(request.Channel):
		reply, err := h.Chat.Subscribe(ctx, client, request)
		if err != nil {
			return reply, err
		}
		return offer(n), nil
	case request.Token != "":
		t, err := h.subscription(ctx, n, client, request.Channel, request.Token)
		if err != nil {
			return realtime.SubscribeReply{}, err
		}
		reply := withOptions(offer(n), t.SubscriptionOptions)
		reply.ExpireAt = t.ExpireAt
		return reply, nil
	case !n.MaySubscribe(request.Channel, client.User):
		return realtime.SubscribeReply{}, realtime.ErrPermissionDenied
	default:
		return offer(n), nil
	}
}

// subscription checks a token that is to be this client's and this channel's.
func (h *Handler) subscription(ctx context.Context, n namespace.Namespace, client realtime.Client, channel, raw string) (token.Subscription, error) {
	t, err := h.Tokens.Subscription(ctx, raw)
	switch {
	case err != nil:
		return t, refuse(err, realtime.ErrPermissionDenied)
	case !n.TakesTokens() || t.Channel != channel || t.User != client.User || t.Client != "" && t.Client != client.ID:
		return t, realtime.ErrPermissionDenied
	default:
		return t, nil
	}
}

// Publish publishes for whom the namespace allows it, and in rooms what the chat makes of it.
func (h *Handler) Publish(ctx context.Context, client realtime.Client, channel string, data json.RawMessage) error {
	n, err := h.find(channel)
	switch {
	case err != nil:
		return err
	case isRoom(channel):
		return h.Chat.Publish(ctx, client, channel, data)
	case !n.MayPublish(client.User, client.Subscribed):
		return realtime.ErrPermissionDenied
	}
	_, err = h.Publisher.Publish(ctx, channel, realtime.Publication{Data: data, Info: &client}, n.Keep())
	return err
}

// Refresh renews a connection with another token of the same user.
func (h *Handler) Refresh(ctx context.Context, client realtime.Client, raw string) (realtime.RefreshReply, error) {
	reply, err := h.Chat.Refresh(ctx, client, raw)
	if !errors.Is(err, realtime.DisconnectInvalidToken) {
		return reply, err
	}
	t, err := h.Tokens.Connection(ctx, raw)
	switch {
	case err != nil:
		return reply, refuse(err, realtime.DisconnectInvalidToken)
	case t.User != client.User:
		return reply, realtime.DisconnectInvalidToken
	default:
		return realtime.RefreshReply{ExpireAt: t.ExpireAt, Credential: credential(t.Credential)}, nil
	}
}

// RefreshSubscription renews a subscription with another token for the channel.
func (h *Handler) RefreshSubscription(ctx context.Context, client realtime.Client, channel, raw string) (time.Time, error) {
	n, err := h.find(channel)
	if err != nil {
		return time.Time{}, err
	}
	t, err := h.subscription(ctx, n, client, channel, raw)
	return t.ExpireAt, err
}

// find is [namespace.Set.Find] with errors for clients.
func (h *Handler) find(channel string) (namespace.Namespace, error) {
	n, err := h.Namespaces.Find(channel)
	switch {
	case errors.Is(err, namespace.ErrName):
		return n, &realtime.Error{Code: realtime.ErrBadRequest.Code, Message: err.Error()}
	case err != nil:
		return n, realtime.ErrUnknownChannel
	default:
		return n, nil
	}
}

func isRoom(channel string) bool {
	_, ok := chat.RoomOf(channel)
	return ok
}

// offer is what a namespace's channels offer.
func offer(n namespace.Namespace) realtime.SubscribeReply {
	return realtime.SubscribeReply{
		Recoverable: n.Recovery, Positioned: n.Positioning, History: n.HistorySize > 0,
		Presence: n.Presence, JoinLeave: n.JoinLeave, MaxNamed: n.PresenceMaxNamed,
		Delta: n.Delta, TagsFilter: n.TagsFilter, Gather: n.GatherInterval,
	}
}

// withOptions is the offer as a token changes it.
func withOptions(offer realtime.SubscribeReply, o token.SubscriptionOptions) realtime.SubscribeReply {
	for option, override := range map[*bool]*bool{
		&offer.Presence: o.Override.Presence, &offer.JoinLeave: o.Override.JoinLeave,
		&offer.Recoverable: o.Override.Recovery, &offer.Positioned: o.Override.Positioning,
	} {
		if override != nil {
			*option = *override
		}
	}
	offer.Info, offer.Data = o.Info, o.Data
	return offer
}

// refuse is what a client is told of a token: that it is over, that nobody knows just now, or otherwise.
func refuse(err, otherwise error) error {
	switch {
	case errors.Is(err, token.ErrExpired):
		return realtime.ErrTokenExpired
	case errors.Is(err, token.ErrUnavailable):
		return err // the hub tells that trying again may help
	default:
		return otherwise
	}
}

// credential is what a connection is held by. A token that does not say when it was issued is as old as can be.
func credential(c token.Credential) realtime.Credential {
	if c.IssuedAt.IsZero() {
		c.IssuedAt = time.Unix(0, 0)
	}
	return realtime.Credential{TokenID: c.ID, IssuedAt: c.IssuedAt}
}
