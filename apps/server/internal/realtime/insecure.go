package realtime

import (
	"context"
	"encoding/json"

	"magpie.build/packages/pubsub"
)

// Insecure returns a handler that admits anybody, anonymously, to every channel, to read and to
// publish. history is how many publications a channel keeps; 0 keeps none and offers no recovery. It
// is for load tests: say so loudly where it is used.
func Insecure(broker pubsub.Broker, history int) Handler {
	return insecure{broker, history}
}

type insecure struct {
	broker  pubsub.Broker
	history int
}

func (insecure) Connect(context.Context, ConnectRequest) (ConnectReply, error) {
	return ConnectReply{}, nil
}

func (i insecure) Subscribe(context.Context, Client, SubscribeRequest) (SubscribeReply, error) {
	return SubscribeReply{Recoverable: i.history > 0, History: i.history > 0}, nil
}

func (i insecure) Publish(ctx context.Context, _ Client, channel string, data json.RawMessage) error {
	_, err := publish(ctx, i.broker, channel, Publication{Data: data}, pubsub.PublishOptions{HistorySize: i.history})
	return err
}

func (insecure) RPC(context.Context, Client, string, json.RawMessage) (json.RawMessage, error) {
	return nil, ErrMethodNotFound
}
