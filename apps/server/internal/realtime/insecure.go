package realtime

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"magpie.build/packages/pubsub"
)

// Insecure returns a handler that admits anybody, anonymously, to every channel, to read and to
// publish. history is how many publications a channel keeps; 0 keeps none and offers no recovery, nor
// does a channel whose name begins with "plain:", or with "gather:", which gathers for 20 ms. It is for load tests: say so loudly where it is used.
func Insecure(broker pubsub.Broker, history int) Handler {
	return insecure{broker, history}
}

type insecure struct {
	broker  pubsub.Broker
	history int
}

// keeps is how many publications a channel keeps.
func (i insecure) keeps(channel string) int {
	if strings.HasPrefix(channel, "plain:") || gathers(channel) {
		return 0
	}
	return i.history
}

func (insecure) Connect(context.Context, ConnectRequest) (ConnectReply, error) {
	return ConnectReply{}, nil
}

func (i insecure) Subscribe(_ context.Context, _ Client, request SubscribeRequest) (SubscribeReply, error) {
	history := i.keeps(request.Channel) > 0
	reply := SubscribeReply{Recoverable: history, History: history}
	if gathers(request.Channel) {
		reply.Gather = 20 * time.Millisecond
	}
	return reply, nil
}

func gathers(channel string) bool { return strings.HasPrefix(channel, "gather:") }

func (i insecure) Publish(ctx context.Context, _ Client, channel string, data json.RawMessage) error {
	_, err := publish(ctx, i.broker, channel, Publication{Data: data}, pubsub.PublishOptions{HistorySize: i.keeps(channel)})
	return err
}
