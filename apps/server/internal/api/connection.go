package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"time"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/apps/server/internal/revocation"
)

// target says whose connections a request is for. What is not offered must not widen it.
type target struct {
	User        string          `json:"user"`
	Client      string          `json:"client"`
	Session     string          `json:"session"`
	AllUsers    bool            `json:"all_users"`
	LabelFilter json.RawMessage `json:"label_filter"`
}

func (t target) find() (realtime.Target, error) {
	switch {
	case t.Session != "" || t.AllUsers || len(t.LabelFilter) > 0:
		return realtime.Target{}, notAvailable("session, all_users and label_filter are not offered: name a user or a client")
	case t.User == "" && t.Client == "":
		return realtime.Target{}, badRequest("a user or a client is missing")
	default:
		return realtime.Target{User: t.User, Client: t.Client}, nil
	}
}

type boolValue struct {
	Value bool `json:"value"`
}

type subscribeRequest struct {
	target

	Channel    string          `json:"channel"`
	ExpireAt   int64           `json:"expire_at"`
	Info       json.RawMessage `json:"info"`
	Base64Info string          `json:"b64info"`
	Data       json.RawMessage `json:"data"`
	Base64Data string          `json:"b64data"`
	Since      *position       `json:"recover_since"`
	Override   struct {
		Presence    *boolValue `json:"presence"`
		JoinLeave   *boolValue `json:"join_leave"`
		Recovery    *boolValue `json:"force_recovery"`
		Positioning *boolValue `json:"force_positioning"`
	} `json:"override"`

	// These are how older libraries write the overrides.
	Presence  bool `json:"presence"`
	JoinLeave bool `json:"join_leave"`
	Position  bool `json:"position"`
	Recover   bool `json:"recover"`
}

func (a *API) subscribe(ctx context.Context, r subscribeRequest) (nothing, error) {
	who, err := r.find()
	if err != nil {
		return nothing{}, err
	}
	if _, err := a.channel(r.Channel); err != nil {
		return nothing{}, err
	}
	offer, err := a.Access.Offer(ctx, realtime.Client{ID: who.Client, User: who.User}, r.Channel)
	if err != nil {
		return nothing{}, err
	}
	if err := r.change(&offer); err != nil {
		return nothing{}, err
	}
	return nothing{}, a.everywhere(ctx, order{Kind: orderSubscribe, Target: who, Channel: r.Channel, Offer: offer, Since: r.Since.since()})
}

// change makes of what the channel offers what the request wants.
func (r subscribeRequest) change(offer *realtime.SubscribeReply) (err error) {
	for option, override := range map[*bool]*boolValue{
		&offer.Presence: r.Override.Presence, &offer.JoinLeave: r.Override.JoinLeave,
		&offer.Recoverable: r.Override.Recovery, &offer.Positioned: r.Override.Positioning,
	} {
		if override != nil {
			*option = override.Value
		}
	}
	offer.Presence = offer.Presence || r.Presence
	offer.JoinLeave = offer.JoinLeave || r.JoinLeave
	offer.Positioned = offer.Positioned || r.Position
	offer.Recoverable = offer.Recoverable || r.Recover
	offer.ExpireAt = unixTime(r.ExpireAt)
	if offer.Info, err = either(r.Info, r.Base64Info); err != nil {
		return err
	}
	offer.Data, err = either(r.Data, r.Base64Data)
	return err
}

// either is JSON that may be written in base 64.
func either(plain json.RawMessage, encoded string) (json.RawMessage, error) {
	if encoded == "" {
		return plain, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !json.Valid(decoded) {
		return nil, badRequest("what is written in base 64 must be JSON")
	}
	return decoded, nil
}

type unsubscribeRequest struct {
	target

	Channel string `json:"channel"`
}

func (a *API) unsubscribe(ctx context.Context, r unsubscribeRequest) (nothing, error) {
	who, err := r.find()
	switch {
	case err != nil:
		return nothing{}, err
	case r.Channel == "":
		return nothing{}, badRequest("a channel is missing")
	default:
		return nothing{}, a.everywhere(ctx, order{Kind: orderUnsubscribe, Target: who, Channel: r.Channel})
	}
}

type disconnectRequest struct {
	target

	Whitelist  []string `json:"whitelist"`
	Disconnect struct {
		Code   uint32 `json:"code"`
		Reason string `json:"reason"`
	} `json:"disconnect"`
}

// The codes that a back end may close connections with; clients know what they mean by their ranges.
const minDisconnect, maxDisconnect = 3000, 4999

func (a *API) disconnect(ctx context.Context, r disconnectRequest) (nothing, error) {
	who, err := r.find()
	code := r.Disconnect.Code
	if code == 0 {
		code = uint32(realtime.DisconnectForced)
	}
	switch {
	case err != nil:
		return nothing{}, err
	case code < minDisconnect || code > maxDisconnect:
		return nothing{}, badRequest("a disconnect has a code of %d to %d", minDisconnect, maxDisconnect)
	}
	who.Except = r.Whitelist
	return nothing{}, a.everywhere(ctx, order{Kind: orderDisconnect, Target: who, Code: realtime.DisconnectError(code)})
}

type refreshRequest struct {
	target

	Expired  bool  `json:"expired"`
	ExpireAt int64 `json:"expire_at"`
}

func (a *API) refresh(ctx context.Context, r refreshRequest) (nothing, error) {
	who, err := r.find()
	switch {
	case err != nil:
		return nothing{}, err
	case r.Expired || r.ExpireAt != 0 && r.ExpireAt <= time.Now().Unix():
		return nothing{}, a.everywhere(ctx, order{Kind: orderDisconnect, Target: who, Code: realtime.DisconnectExpired})
	default:
		return nothing{}, a.everywhere(ctx, order{Kind: orderRefresh, Target: who, ExpireAt: unixTime(r.ExpireAt)})
	}
}

type channelsRequest struct {
	Pattern string `json:"pattern"`
}

type channelsResult struct {
	Channels map[string]channelInfo `json:"channels"`
}

type channelInfo struct {
	Clients int `json:"num_clients"`
}

func (a *API) channels(ctx context.Context, r channelsRequest) (channelsResult, error) {
	if len(r.Pattern) > maxPattern {
		return channelsResult{}, badRequest("a pattern has at most %d bytes", maxPattern)
	}
	answers, err := a.ask(ctx, order{Kind: orderChannels, Pattern: r.Pattern})
	result := channelsResult{map[string]channelInfo{}}
	for _, answer := range answers {
		for channel, clients := range answer.Channels {
			result.Channels[channel] = channelInfo{result.Channels[channel].Clients + clients}
		}
	}
	return result, err
}

type nodeInfo struct {
	ID       string `json:"uid"`
	Name     string `json:"name"`
	Version  string `json:"version"`
	Clients  int    `json:"num_clients"`
	Users    int    `json:"num_users"`
	Channels int    `json:"num_channels"`
	Subs     int    `json:"num_subs"`
	Uptime   int    `json:"uptime"`
}

type infoResult struct {
	Nodes []*nodeInfo `json:"nodes"`
}

func (a *API) info(ctx context.Context, _ struct{}) (infoResult, error) {
	answers, err := a.ask(ctx, order{Kind: orderInfo})
	result := infoResult{Nodes: []*nodeInfo{}}
	for _, answer := range answers {
		if answer.Node != nil {
			result.Nodes = append(result.Nodes, answer.Node)
		}
	}
	return result, err
}

type revokeTokenRequest struct {
	ID       string `json:"uid"`
	ExpireAt int64  `json:"expire_at"`
}

func (a *API) revokeToken(ctx context.Context, r revokeTokenRequest) (nothing, error) {
	return nothing{}, a.Revoker.Revoke(ctx, revocation.Rule{TokenID: r.ID, Until: r.ExpireAt})
}

type invalidateRequest struct {
	User         string `json:"user"`
	Channel      string `json:"channel"`
	IssuedBefore int64  `json:"issued_before"`
	ExpireAt     int64  `json:"expire_at"`
}

func (a *API) invalidateUserTokens(ctx context.Context, r invalidateRequest) (nothing, error) {
	return nothing{}, a.Revoker.Revoke(ctx, revocation.Rule{
		User: r.User, Channel: r.Channel, IssuedBefore: r.IssuedBefore, Until: r.ExpireAt,
	})
}

// uptime is whole seconds, at least one.
func uptime(since time.Time) int { return int(math.Ceil(time.Since(since).Seconds())) }
