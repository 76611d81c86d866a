package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"magpie.build/apps/server/internal/chat"
	"magpie.build/apps/server/internal/namespace"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

// methods are all there are. A result of nil in their answers would be none, so each has one.
var methods = map[string]func(a *API, ctx context.Context, params []byte) (any, error){
	"publish":                method((*API).publish),
	"broadcast":              method((*API).broadcast),
	"presence":               method((*API).presence),
	"presence_stats":         method((*API).presenceStats),
	"history":                method((*API).history),
	"history_remove":         method((*API).historyRemove),
	"subscribe":              method((*API).subscribe),
	"unsubscribe":            method((*API).unsubscribe),
	"disconnect":             method((*API).disconnect),
	"refresh":                method((*API).refresh),
	"channels":               method((*API).channels),
	"info":                   method((*API).info),
	"revoke_token":           method((*API).revokeToken),
	"invalidate_user_tokens": method((*API).invalidateUserTokens),
}

// method reads the request that a method takes.
func method[R, T any](do func(a *API, ctx context.Context, request R) (T, error)) func(*API, context.Context, []byte) (any, error) {
	return func(a *API, ctx context.Context, params []byte) (any, error) {
		var request R
		if len(params) > 0 {
			if err := json.Unmarshal(params, &request); err != nil {
				return nil, badRequest("the request is not as it should be")
			}
		}
		return do(a, ctx, request)
	}
}

// nothing is the result of what has none.
type nothing struct{}

// payload is data in one of two forms.
type payload struct {
	Data       json.RawMessage `json:"data"`
	Base64Data string          `json:"b64data"`
}

func (p payload) bytes() ([]byte, error) {
	if p.Base64Data == "" {
		if len(p.Data) == 0 {
			return nil, badRequest("data is missing")
		}
		return p.Data, nil
	}
	data, err := base64.StdEncoding.DecodeString(p.Base64Data)
	if err != nil {
		return nil, badRequest("b64data is not base 64")
	}
	return data, nil
}

type publishOptions struct {
	payload

	SkipHistory    bool              `json:"skip_history"`
	Tags           map[string]string `json:"tags"`
	IdempotencyKey string            `json:"idempotency_key"`
	Version        uint64            `json:"version"`
}

type publishRequest struct {
	publishOptions

	Channel string `json:"channel"`
}

type publishResult struct {
	Offset uint64 `json:"offset,omitempty"`
	Epoch  string `json:"epoch,omitempty"`
}

func (a *API) publish(ctx context.Context, r publishRequest) (publishResult, error) {
	n, err := a.channel(r.Channel)
	if err != nil {
		return publishResult{}, err
	}
	if _, room := chat.RoomOf(r.Channel); room {
		// What is published there is shown as HTML.
		return publishResult{}, &Error{realtime.ErrPermissionDenied.Code, "only the chat publishes in rooms"}
	}
	data, err := r.bytes()
	if err != nil {
		return publishResult{}, err
	}
	keep, err := r.keep(n)
	if err != nil {
		return publishResult{}, err
	}
	publication := realtime.Publication{Data: data, Binary: r.Base64Data != "", Tags: r.Tags}
	position, err := a.Hub.Publish(ctx, r.Channel, publication, keep)
	return publishResult{position.Offset, position.Epoch}, err
}

// keep is how a publication is kept.
func (r publishOptions) keep(n namespace.Namespace) (pubsub.PublishOptions, error) {
	keep := n.Keep()
	if r.SkipHistory {
		keep = pubsub.PublishOptions{}
	}
	switch {
	case r.Version > 0:
		return keep, notAvailable("versions of publications are not offered")
	case r.IdempotencyKey != "" && keep.HistorySize == 0:
		return keep, badRequest("an idempotency key needs a channel with history")
	}
	keep.IdempotencyKey = r.IdempotencyKey
	return keep, nil
}

type broadcastRequest struct {
	publishOptions

	Channels []string `json:"channels"`
}

type broadcastResult struct {
	Responses []reply `json:"responses"`
}

func (a *API) broadcast(ctx context.Context, r broadcastRequest) (broadcastResult, error) {
	if len(r.Channels) == 0 || len(r.Channels) > maxCommands {
		return broadcastResult{}, badRequest("a broadcast has 1 to %d channels", maxCommands)
	}
	result := broadcastResult{make([]reply, len(r.Channels))}
	for i, channel := range r.Channels {
		done, err := a.publish(ctx, publishRequest{r.publishOptions, channel})
		if err != nil {
			result.Responses[i].Error = a.answerTo("broadcast", err)
			continue
		}
		result.Responses[i].Result = done
	}
	return result, nil
}

// channel finds the namespace of a channel.
func (a *API) channel(name string) (namespace.Namespace, error) {
	if name == "" {
		return namespace.Namespace{}, badRequest("a channel is missing")
	}
	return a.Namespaces.Find(name)
}

type channelRequest struct {
	Channel string `json:"channel"`
}

// clientInfo is a client in presence and with publications.
type clientInfo struct {
	User        string          `json:"user"`
	Client      string          `json:"client"`
	Info        json.RawMessage `json:"conn_info,omitempty"`
	ChannelInfo json.RawMessage `json:"chan_info,omitempty"`
}

func infoOf(c realtime.Client) clientInfo {
	return clientInfo{c.User, c.ID, c.Info, c.ChannelInfo}
}

type presenceResult struct {
	Presence map[string]clientInfo `json:"presence"`
}

func (a *API) presence(ctx context.Context, r channelRequest) (presenceResult, error) {
	if err := a.attended(r.Channel); err != nil {
		return presenceResult{}, err
	}
	members, err := a.Hub.Members(ctx, r.Channel)
	result := presenceResult{make(map[string]clientInfo, len(members))}
	for _, member := range members {
		result.Presence[member.ID] = infoOf(member)
	}
	return result, err
}

type presenceStatsResult struct {
	Clients int `json:"num_clients"`
	Users   int `json:"num_users"`
}

func (a *API) presenceStats(ctx context.Context, r channelRequest) (presenceStatsResult, error) {
	if err := a.attended(r.Channel); err != nil {
		return presenceStatsResult{}, err
	}
	stats, err := a.Hub.PresenceStats(ctx, r.Channel)
	return presenceStatsResult{stats.Members, stats.Users}, err
}

// attended refuses a channel without presence.
func (a *API) attended(channel string) error {
	n, err := a.channel(channel)
	if err == nil && !n.Presence {
		err = notAvailable("the channel's namespace has no presence")
	}
	return err
}

type position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

func (p *position) since() *pubsub.Position {
	if p == nil {
		return nil
	}
	return &pubsub.Position{Epoch: p.Epoch, Offset: p.Offset}
}

type historyRequest struct {
	Channel string    `json:"channel"`
	Limit   int       `json:"limit"`
	Since   *position `json:"since"`
	Reverse bool      `json:"reverse"`
}

type publication struct {
	Data   any               `json:"data"`
	Base64 string            `json:"b64data,omitempty"`
	Info   *clientInfo       `json:"info,omitempty"`
	Offset uint64            `json:"offset,omitempty"`
	Tags   map[string]string `json:"tags,omitempty"`
}

type historyResult struct {
	Publications []publication `json:"publications"`
	Epoch        string        `json:"epoch"`
	Offset       uint64        `json:"offset"`
}

func (a *API) history(ctx context.Context, r historyRequest) (historyResult, error) {
	n, err := a.channel(r.Channel)
	switch {
	case err != nil:
		return historyResult{}, err
	case n.HistorySize == 0:
		return historyResult{}, notAvailable("the channel's namespace has no history")
	case r.Limit < 0 || r.Limit > maxHistory:
		r.Limit = maxHistory
	}
	publications, newest, err := a.Hub.History(ctx, r.Channel, pubsub.HistoryOptions{Limit: r.Limit, Since: r.Since.since(), Reverse: r.Reverse})
	if err != nil && !errors.Is(err, pubsub.ErrUnrecoverable) {
		return historyResult{}, err
	}
	result := historyResult{Publications: make([]publication, len(publications)), Epoch: newest.Epoch, Offset: newest.Offset}
	for i, p := range publications {
		result.Publications[i] = publicationOf(p)
	}
	return result, err
}

func publicationOf(p realtime.Publication) publication {
	out := publication{Data: p.Data, Offset: p.Position.Offset, Tags: p.Tags}
	if !json.Valid(p.Data) {
		out.Data, out.Base64 = nil, base64.StdEncoding.EncodeToString(p.Data)
	}
	if p.Info != nil {
		info := infoOf(*p.Info)
		out.Info = &info
	}
	return out
}

func (a *API) historyRemove(ctx context.Context, r channelRequest) (nothing, error) {
	n, err := a.channel(r.Channel)
	_, room := chat.RoomOf(r.Channel)
	switch {
	case err != nil:
		return nothing{}, err
	case room:
		// It is where the room's messages are.
		return nothing{}, &Error{realtime.ErrPermissionDenied.Code, "only the chat removes what was said in rooms"}
	case n.HistorySize == 0:
		return nothing{}, notAvailable("the channel's namespace has no history")
	default:
		return nothing{}, a.Hub.RemoveHistory(ctx, r.Channel)
	}
}

// unixTime is a time of the requests, in Unix seconds; zero is none.
func unixTime(seconds int64) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
