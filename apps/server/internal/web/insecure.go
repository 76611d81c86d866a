package web

import (
	"context"
	"encoding/json"

	"magpie.build/apps/server/internal/chat"
	"magpie.build/apps/server/internal/control"
	"magpie.build/apps/server/internal/realtime"
)

// Insecure is [Realtime] for load tests: who proves nothing is let in all the same, and every channel is
// open. The chat stays the chat's: to its rooms apply its rules, since what is published there is shown
// as HTML, and the servers' own channels stay closed.
type Insecure struct {
	*Realtime

	// Open decides about all other channels.
	Open realtime.Handler
}

var _ realtime.Handler = Insecure{}

// Connect lets in who proves nothing, without a name.
func (h Insecure) Connect(ctx context.Context, request realtime.ConnectRequest) (realtime.ConnectReply, error) {
	if reply, err := h.Realtime.Connect(ctx, request); err == nil {
		return reply, nil
	}
	return h.Open.Connect(ctx, request)
}

// Subscribe opens every channel that is not the chat's.
func (h Insecure) Subscribe(ctx context.Context, client realtime.Client, request realtime.SubscribeRequest) (realtime.SubscribeReply, error) {
	if ours(request.Channel) {
		return h.Realtime.Subscribe(ctx, client, request)
	}
	return h.Open.Subscribe(ctx, client, request)
}

// Publish opens every channel that is not the chat's.
func (h Insecure) Publish(ctx context.Context, client realtime.Client, channel string, data json.RawMessage) error {
	if ours(channel) {
		return h.Realtime.Publish(ctx, client, channel, data)
	}
	return h.Open.Publish(ctx, client, channel, data)
}

// ours is true for the channels that the chat answers for.
func ours(channel string) bool {
	_, room := chat.RoomOf(channel)
	return room || control.Reserved(channel)
}
