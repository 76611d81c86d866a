package realtime_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The public client waits five seconds for replies to what it no longer needs.
		goleak.IgnoreAnyFunction("github.com/centrifugal/centrifuge-go.(*Client).sendAsync.func1"))
}

// gathered is how long the channels gather:… keep publications.
const gathered = 300 * time.Millisecond

// house is the handler of these tests: a channel's name says what it offers, a token what happens.
type house struct {
	hub *realtime.Hub
	// history is how many publications a room keeps; 0 means 100.
	history int
	// hold, when not nil, is closed when calls of the method "wait" may return.
	hold chan struct{}
}

var (
	_ realtime.Handler   = (*house)(nil)
	_ realtime.Refresher = (*house)(nil)
	_ realtime.Responder = (*house)(nil)
)

var tokenErrors = map[string]error{
	"unauthorized": realtime.ErrUnauthorized,
	"expired":      realtime.ErrTokenExpired,
	"forged":       realtime.DisconnectInvalidToken,
	"unlucky":      errors.New("the database is down"),
}

func (h *house) Connect(_ context.Context, request realtime.ConnectRequest) (realtime.ConnectReply, error) {
	if err := tokenErrors[request.Token]; err != nil {
		return realtime.ConnectReply{}, err
	}
	if request.Token == "panic" {
		panic("a bug")
	}
	reply := realtime.ConnectReply{User: request.Token, Data: request.Data}
	if request.Token != "" {
		reply.Info = json.RawMessage(`{"name":"` + request.Token + `"}`)
	}
	switch request.Token {
	case "brief":
		reply.ExpireAt = time.Now().Add(30 * time.Second)
	case "moment":
		reply.ExpireAt = time.Now().Add(time.Second)
	}
	reply.Credential.TokenID = request.Token
	if user, channels, ok := strings.Cut(request.Token, " in "); ok {
		reply.User, reply.Info = user, nil
		reply.Subscriptions = map[string]realtime.SubscribeReply{}
		for channel := range strings.SplitSeq(channels, ",") {
			reply.Subscriptions[channel] = offers[strings.TrimSuffix(channel, ":1")]
		}
	}
	return reply, nil
}

// offers are what channels of each kind offer.
var offers = map[string]realtime.SubscribeReply{
	"plain":       {},
	"room":        {Recoverable: true, History: true, Delta: true, TagsFilter: true},
	"roomofbytes": {Recoverable: true, History: true, Delta: true},
	"position":    {Positioned: true},
	"people":      {Presence: true, JoinLeave: true, Info: json.RawMessage(`{"seat":1}`)},
	"crowd":       {Presence: true, JoinLeave: true, MaxNamed: 2},
}

func (h *house) Refresh(_ context.Context, _ realtime.Client, token string) (realtime.RefreshReply, error) {
	if err := tokenErrors[token]; err != nil {
		return realtime.RefreshReply{}, err
	}
	return realtime.RefreshReply{ExpireAt: time.Now().Add(time.Minute), Credential: realtime.Credential{TokenID: token}}, nil
}

func (h *house) RefreshSubscription(_ context.Context, _ realtime.Client, _, token string) (time.Time, error) {
	if err := tokenErrors[token]; err != nil {
		return time.Time{}, err
	}
	return time.Now().Add(time.Minute), nil
}

func (h *house) Subscribe(_ context.Context, _ realtime.Client, request realtime.SubscribeRequest) (realtime.SubscribeReply, error) {
	kind, _, _ := strings.Cut(request.Channel, ":")
	switch kind {
	case "plain":
		return realtime.SubscribeReply{Data: request.Data}, nil
	case "room", "roomofbytes", "position", "people", "crowd":
		return offers[kind], nil
	case "brief":
		return realtime.SubscribeReply{ExpireAt: time.Now().Add(30 * time.Second)}, nil
	case "gather":
		return realtime.SubscribeReply{Gather: gathered}, nil
	case "secret":
		return realtime.SubscribeReply{}, realtime.ErrPermissionDenied
	case "bomb":
		return realtime.SubscribeReply{}, realtime.DisconnectForced
	default:
		return realtime.SubscribeReply{}, realtime.ErrUnknownChannel
	}
}

func (h *house) Publish(ctx context.Context, client realtime.Client, channel string, data json.RawMessage) error {
	kind, _, _ := strings.Cut(channel, ":")
	if kind == "secret" {
		return realtime.ErrPermissionDenied
	}
	publication := realtime.Publication{Data: data, Binary: kind == "roomofbytes"}
	if client.User != "" {
		publication.Info = &client
	}
	_, err := h.hub.Publish(ctx, channel, publication, h.keep(channel))
	return err
}

// keep says how much of a channel is kept.
func (h *house) keep(channel string) pubsub.PublishOptions {
	if !strings.HasPrefix(channel, "room") && !strings.HasPrefix(channel, "position") {
		return pubsub.PublishOptions{}
	}
	size := h.history
	if size == 0 {
		size = 100
	}
	return pubsub.PublishOptions{HistorySize: size}
}

func (h *house) RPC(ctx context.Context, client realtime.Client, method string, data json.RawMessage) (json.RawMessage, error) {
	switch method {
	case "echo":
		return data, nil
	case "wait":
		select {
		case <-h.hold:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case "tag":
		var said struct {
			Channel string
			Data    json.RawMessage
			Tags    map[string]string
		}
		if err := json.Unmarshal(data, &said); err != nil {
			return nil, err
		}
		_, err := h.hub.Publish(ctx, said.Channel, realtime.Publication{Data: said.Data, Tags: said.Tags}, h.keep(said.Channel))
		return nil, err
	case "whoami":
		return json.Marshal(client.User)
	default:
		return nil, realtime.ErrMethodNotFound
	}
}

// server is a running hub over a broker in memory, behind an HTTP server.
type server struct {
	hub    *realtime.Hub
	house  *house
	broker pubsub.Broker
	url    string
	stop   func()
}

// serve starts a server; the test's end stops it, or its stop before.
func serve(t *testing.T, options realtime.Options) *server {
	t.Helper()
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	return serveOver(t, broker, &house{}, options)
}

// serveOver is serve for a broker that others share.
func serveOver(t *testing.T, broker pubsub.Broker, handler *house, options realtime.Options) *server {
	t.Helper()
	hub := realtime.New(broker, handler, options)
	handler.hub = hub
	return &server{hub: hub, house: handler, broker: broker, url: serveHTTP(t, hub), stop: run(t, hub)}
}

// run runs a hub; the test's end stops it, or stop before.
func run(t *testing.T, hub *realtime.Hub) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the hub ended with: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// secure serves the server's hub over TLS beside, and returns the address and what trusts it.
func (s *server) secure(t *testing.T) (url string, trust *tls.Config) {
	t.Helper()
	web := httptest.NewTLSServer(s.hub)
	t.Cleanup(web.Close)
	transport, ok := web.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("no such transport")
	}
	return "wss" + strings.TrimPrefix(web.URL, "https"), transport.TLSClientConfig
}

// serveHTTP serves a hub: WebSockets at the address that it returns, everything at the usual paths.
func serveHTTP(t *testing.T, hub *realtime.Hub) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", hub)
	mux.Handle("/connection/", hub.Routes())
	mux.Handle("/emulation", hub.Routes())
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return "ws" + strings.TrimPrefix(web.URL, "http")
}

// publish publishes as the server itself.
func (s *server) publish(t *testing.T, channel, data string) pubsub.Position {
	t.Helper()
	position, err := s.hub.Publish(t.Context(), channel, realtime.Publication{Data: json.RawMessage(data)}, s.house.keep(channel))
	if err != nil {
		t.Fatal(err)
	}
	return position
}

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		<-ticker.C
	}
}
