package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/chat"
	"magpie.build/apps/server/internal/realtime"
)

// Realtime is what connections may do: chat's rules in the words of the realtime protocol. Its fields
// are set before the hub runs.
type Realtime struct {
	Chat   *chat.Chat
	Signer *auth.Signer
}

var (
	_ realtime.Handler   = (*Realtime)(nil)
	_ realtime.Refresher = (*Realtime)(nil)
)

// Connect knows a client library by its token, and a browser by its session.
func (h *Realtime) Connect(_ context.Context, request realtime.ConnectRequest) (realtime.ConnectReply, error) {
	if request.Token == "" {
		user, err := userOf(h.Signer, request.Header)
		if err != nil {
			return realtime.ConnectReply{}, realtime.DisconnectInvalidToken
		}
		return welcome(user)
	}
	user, expires, err := h.checkToken(request.Token)
	if err != nil {
		return realtime.ConnectReply{}, err
	}
	reply, err := welcome(user)
	reply.ExpireAt = expires
	return reply, err
}

func (h *Realtime) checkToken(token string) (user auth.User, expires time.Time, err error) {
	user, expires, err = h.Signer.CheckToken(token)
	switch {
	case errors.Is(err, auth.ErrExpired):
		return user, expires, realtime.ErrTokenExpired
	case err != nil:
		return user, expires, realtime.DisconnectInvalidToken
	default:
		return user, expires, nil
	}
}

// Refresh renews a connection with a fresh token of the same user.
func (h *Realtime) Refresh(_ context.Context, client realtime.Client, token string) (realtime.RefreshReply, error) {
	user, expires, err := h.checkToken(token)
	switch {
	case err != nil:
		return realtime.RefreshReply{}, err
	case user.ID != client.User:
		return realtime.RefreshReply{}, realtime.DisconnectInvalidToken
	default:
		return realtime.RefreshReply{ExpireAt: expires}, nil
	}
}

// RefreshSubscription has nothing to renew: rooms know no tokens.
func (h *Realtime) RefreshSubscription(context.Context, realtime.Client, string, string) (time.Time, error) {
	return time.Time{}, realtime.ErrNotAvailable
}

func welcome(user auth.User) (realtime.ConnectReply, error) {
	badge, err := json.Marshal(chat.Badge{Name: user.Name})
	return realtime.ConnectReply{User: user.ID, Info: badge}, err
}

// Subscribe joins the room that the channel belongs to.
func (h *Realtime) Subscribe(ctx context.Context, client realtime.Client, request realtime.SubscribeRequest) (realtime.SubscribeReply, error) {
	id, ok := chat.RoomOf(request.Channel)
	if !ok {
		return realtime.SubscribeReply{}, realtime.ErrUnknownChannel
	}
	if _, err := h.Chat.Join(ctx, userOfClient(client), id); err != nil {
		return realtime.SubscribeReply{}, h.refuse(err)
	}
	return realtime.SubscribeReply{Recoverable: true, History: true, Presence: true, JoinLeave: true}, nil
}

// draft is what clients publish to a room.
type draft struct {
	// ClientID is the client's own id of the message: the same one sent twice is said once. Without
	// one the message gets an id, and a retry would be a second message.
	ClientID string `json:"cid"`
	Text     string `json:"text"`
}

// Publish says something in the room that the channel belongs to.
func (h *Realtime) Publish(ctx context.Context, client realtime.Client, channel string, data json.RawMessage) error {
	id, ok := chat.RoomOf(channel)
	if !ok {
		return realtime.ErrUnknownChannel
	}
	var d draft
	if err := json.Unmarshal(data, &d); err != nil {
		return badInput(`the message must be an object like {"cid":"…","text":"…"}`).code
	}
	if d.ClientID == "" {
		d.ClientID = rand.Text()
	}
	_, err := h.Chat.Send(ctx, userOfClient(client), id, chat.Draft{ClientID: d.ClientID, Text: d.Text})
	return h.refuse(err)
}

// refuse tells the client what pages would tell its user. An error without an answer of its own goes
// on as it is: the hub logs it.
func (h *Realtime) refuse(err error) error {
	if err == nil {
		return nil
	}
	if found, ok := lookUp(err); ok {
		return found.code
	}
	return err
}

func userOfClient(client realtime.Client) auth.User {
	var badge chat.Badge
	if err := json.Unmarshal(client.Info, &badge); err != nil {
		return auth.User{ID: client.User}
	}
	// An application's token may call its user anything: a name that cannot be shown is none.
	name, err := auth.CleanName(badge.Name)
	if err != nil {
		name = ""
	}
	return auth.User{ID: client.User, Name: name}
}
