package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"magpie.build/apps/server/internal/admin"
	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/chat"
	"magpie.build/apps/server/internal/control"
	"magpie.build/apps/server/internal/inspector"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/apps/server/internal/revocation"
	"magpie.build/apps/server/internal/telemetry"
	"magpie.build/apps/server/internal/web"
	"magpie.build/packages/pubsub"
)

// app is a server with all its parts connected, before it runs.
type app struct {
	config Config
	log    *slog.Logger
	hub    *realtime.Hub
	nodes  *control.Nodes
	admin  *admin.Admin
	// inspector and pages are what operators and people look at.
	inspector, pages http.Handler
	// revoked is called back tokens; api is nil without a key.
	revoked *revocation.List
	api     http.Handler
}

func newApp(ctx context.Context, c Config, broker broker, exports *telemetry.Telemetry, log *slog.Logger) (*app, error) {
	key, err := signingKey(ctx, c, broker)
	if err != nil {
		return nil, err
	}
	signer, err := auth.NewSigner(key, auth.Options{})
	if err != nil {
		return nil, err
	}
	measured := admin.MeasureBroker(broker)
	watched := control.New(telemetry.TraceBroker(measured, exports.Tracer()))

	// The hub asks the handler, the handler asks the chat, and the chat speaks through the hub: the
	// circle closes before anything moves.
	handler := &web.Realtime{Signer: signer}
	gate, err := newGate(c, handler, watched, log)
	if err != nil {
		return nil, err
	}
	nodes := control.NewNodes(watched)
	options := realtime.Options{
		Logger:         log,
		AllowedOrigins: c.AllowedOrigins,
		AllowAnyOrigin: c.RealtimeInsecure,
		Nodes:          nodes,
		Tracer:         exports.Tracer(),
		DrainPerSecond: c.DrainPerSecond,
		DrainTimeout:   c.DrainTime,
	}
	if err := c.limit(&options); err != nil {
		return nil, err
	}
	hub := realtime.New(watched, permissions(c, gate, handler, watched, log), options)
	if err := gate.open(ctx, hub); err != nil {
		return nil, err
	}
	backEnds, err := gate.api(c, nodes)
	if err != nil {
		return nil, err
	}
	if err := nodes.Start(ctx, hub.Answer); err != nil {
		return nil, err
	}
	offered, err := c.rooms()
	if err != nil {
		return nil, err
	}
	rooms := chat.New(watched, hub, web.RenderMessage, chat.Options{
		RoomHistory: offered.HistorySize, MaxNamed: offered.PresenceMaxNamed,
		Replicas: offered.Replicas, ReplicaTimeout: offered.ReplicaTimeout,
	})
	handler.Chat = rooms
	if err := rooms.Start(ctx); err != nil {
		return nil, err
	}

	pages, err := web.New(web.Options{
		Chat: rooms, Signer: signer, Realtime: hub.Routes(), AllowedOrigins: c.AllowedOrigins, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	inspection, err := inspector.New(hub, log)
	if err != nil {
		return nil, err
	}
	operators := admin.New(broker, admin.HubMetrics(hub.Stats), measured, admin.ProbeMetrics(broker))
	exports.Export(ctx, operators.Metrics())
	return &app{
		config: c, log: log, hub: hub, nodes: nodes,
		admin: operators, inspector: inspection.Handler(), pages: pages.Handler(),
		revoked: gate.revoked, api: backEnds,
	}, nil
}

// signingKey is the one that was given, or else the one that all servers on the broker share.
func signingKey(ctx context.Context, c Config, broker pubsub.Broker) ([]byte, error) {
	if key := c.SessionKey.Reveal(); key != "" {
		return []byte(key), nil
	}
	return auth.SharedKey(ctx, broker)
}

// permissions is the gate's handler, unless the server was told to let everybody do everything.
func permissions(c Config, gate *gate, handler *web.Realtime, broker pubsub.Broker, log *slog.Logger) realtime.Handler {
	if !c.RealtimeInsecure {
		return gate.handler
	}
	log.Warn("REALTIME_INSECURE is on: anybody may connect, read and publish; never do this where others can reach it")
	return web.Insecure{Realtime: handler, Open: realtime.Insecure(broker, insecureHistory)}
}

// insecureHistory is how many publications a channel keeps for load tests: enough to recover from.
const insecureHistory = 1000

// listen opens a port, and names the variable to change when it cannot.
func listen(ctx context.Context, variable, addr string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w: is another program there? Choose another address by %s", err, variable)
	}
	return listener, nil
}
