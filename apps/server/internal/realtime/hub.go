package realtime

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"magpie.build/packages/pubsub"
)

// Hub holds this process's connections and the channels that they are subscribed to. It is an
// [http.Handler]: every request becomes a connection. Safe for concurrent use.
type Hub struct {
	broker  pubsub.Broker
	handler Handler
	options Options
}

// New returns a hub over a broker that nothing else runs. Nothing moves before [Hub.Run].
func New(broker pubsub.Broker, handler Handler, options Options) *Hub {
	return &Hub{broker: broker, handler: handler, options: options}
}

// Run runs the broker and serves connections until ctx ends; then it closes them all so that their
// clients come back to another server, and returns when they have gone.
func (h *Hub) Run(ctx context.Context) error {
	return h.broker.Run(ctx, nil)
}

// ServeHTTP makes a WebSocket of the request and returns; the connection lives on.
func (h *Hub) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "the server is not running", http.StatusServiceUnavailable)
}

// Publication is something said in a channel.
type Publication struct {
	// Data is the payload, any JSON value.
	Data json.RawMessage
	// Info is the client who said it, or nil.
	Info *Client
	// Tags go along, for clients to look at. Nil means none.
	Tags map[string]string
	// Position and Time are set by History and ignored by Publish.
	Position pubsub.Position
	Time     time.Time
}

// Publish delivers a publication to the channel's subscribers on every server, and returns where it
// stands in the channel's history. Beside the broker's errors it returns [ErrBadRequest] for data that
// is not JSON.
func (h *Hub) Publish(ctx context.Context, channel string, publication Publication, options pubsub.PublishOptions) (pubsub.Position, error) {
	return h.broker.Publish(ctx, channel, publication.Data, options)
}

// History reads a part of a channel's history, and the position of its newest publication. Errors are
// the broker's.
func (h *Hub) History(ctx context.Context, channel string, options pubsub.HistoryOptions) ([]Publication, pubsub.Position, error) {
	_, err := h.broker.History(ctx, channel, options)
	return nil, pubsub.Position{}, err
}

// Members returns the clients present in a channel, over all servers, ordered by id.
func (h *Hub) Members(ctx context.Context, channel string) ([]Client, error) {
	_, err := h.broker.Members(ctx, channel)
	return nil, err
}

// Stats are counts since the hub began, and of now.
type Stats struct {
	// Connections, Channels and Subscriptions are how many there are now.
	Connections, Channels, Subscriptions int
	// Commands is how many commands came in, Publications how many the broker delivered here, and
	// Deliveries how many left for clients.
	Commands, Publications, Deliveries uint64
	// Bytes is what was written to connections.
	Bytes uint64
	// Slow is how many connections were ended for lagging, Breaks how many subscriptions were told of
	// a hole.
	Slow, Breaks uint64
}

// Stats returns the hub's counts.
func (h *Hub) Stats() Stats { return Stats{} }

// Insecure returns a handler that admits anybody, anonymously, to every channel, keeping history of so
// many publications a channel (0 for none). It is for load tests.
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
func (insecure) Subscribe(context.Context, Client, SubscribeRequest) (SubscribeReply, error) {
	return SubscribeReply{}, nil
}
func (insecure) Publish(context.Context, Client, string, json.RawMessage) error { return nil }
func (insecure) RPC(context.Context, Client, string, json.RawMessage) (json.RawMessage, error) {
	return nil, nil
}
