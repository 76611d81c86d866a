package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"

	"magpie.build/apps/server/internal/access"
	"magpie.build/apps/server/internal/api"
	"magpie.build/apps/server/internal/chat"
	"magpie.build/apps/server/internal/control"
	"magpie.build/apps/server/internal/namespace"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/apps/server/internal/revocation"
	"magpie.build/apps/server/internal/token"
)

// verifier believes the tokens of those whom the configuration names.
func (c Config) verifier(revoked func(token.Credential) bool, log *slog.Logger) (*token.Verifier, error) {
	options := token.Options{
		PublicKeys: []byte(c.Token.PublicKeys.Reveal()),
		Issuer:     c.Token.Issuer,
		Audience:   c.Token.Audience,
		Revoked:    revoked,
		Logger:     log,
	}
	for _, key := range []string{c.Token.HMACKey.Reveal(), c.Token.HMACPreviousKey.Reveal()} {
		if key != "" {
			options.HMACKeys = append(options.HMACKeys, []byte(key))
		}
	}
	for _, i := range c.Token.Issuers {
		options.Issuers = append(options.Issuers, token.Issuer{Name: i.Issuer, Audience: i.Audience, KeySetURL: i.JWKSURL})
	}
	v, err := token.New(options)
	if err != nil {
		return nil, fmt.Errorf("TOKEN_…: %w", err)
	}
	return v, nil
}

// namespaces are those of the configuration and the chat's own.
func (c Config) namespaces() (*namespace.Set, error) {
	options := map[string]namespace.Options{}
	for name, n := range c.Namespaces {
		options[name] = namespace.Options{
			HistorySize: n.HistorySize, HistoryTTL: n.HistoryTTL, Replicas: n.Replicas, ReplicaTimeout: n.ReplicaTimeout,
			Recovery: n.Recovery, Positioning: n.Positioning,
			Presence: n.Presence, PresenceMaxNamed: n.PresenceMaxNamed, JoinLeave: n.JoinLeave,
			Delta: n.Delta, TagsFilter: n.TagsFilter,
			Publish: namespace.Who(n.Publish), Subscribe: namespace.Who(n.Subscribe), UserLimited: n.UserLimited,
			Pattern: n.Pattern, MaxLength: n.MaxLength,
			GatherInterval: n.GatherInterval,
		}
	}
	rooms, err := c.rooms()
	if err != nil {
		return nil, err
	}
	options[chat.Namespace] = rooms
	return namespace.New(options)
}

// maxNamed is the default of PresenceMaxNamed.
const maxNamed = 200

// rooms is the namespace of the chat's rooms: who may join and speak is the chat's to say.
func (c Config) rooms() (namespace.Options, error) {
	rooms := namespace.Options{
		HistorySize: c.RoomHistory, Recovery: true, Presence: true, PresenceMaxNamed: maxNamed, JoinLeave: true,
		Publish: namespace.Subscribers, Subscribe: namespace.Authenticated,
	}
	chosen, ok := c.Namespaces[chat.Namespace]
	if !ok {
		return rooms, nil
	}
	rooms.GatherInterval, rooms.Delta, rooms.PresenceMaxNamed = chosen.GatherInterval, chosen.Delta, chosen.PresenceMaxNamed
	rooms.Replicas, rooms.ReplicaTimeout = chosen.Replicas, chosen.ReplicaTimeout
	chosen.GatherInterval, chosen.Delta, chosen.PresenceMaxNamed, chosen.Replicas, chosen.ReplicaTimeout = 0, false, 0, 0, 0
	if chosen != (Namespace{Publish: "nobody", Subscribe: "token", MaxLength: 255}) {
		return rooms, errors.New("the namespace room is the chat's own: only its gather_interval, delta, presence_max_named, replicas and replica_timeout can be chosen")
	}
	return rooms, nil
}

// gate is what stands between connections and channels: who may do what, by the configuration.
type gate struct {
	handler *access.Handler
	revoked *revocation.List
	hub     *realtime.Hub
	log     *slog.Logger
}

func newGate(c Config, chat access.Chat, broker *control.Broker, log *slog.Logger) (*gate, error) {
	g := &gate{log: log}
	g.revoked = revocation.New(broker, revocation.Options{Changed: g.callBack, Logger: log})
	tokens, err := c.verifier(g.revoked.Revoked, log)
	if err != nil {
		return nil, err
	}
	namespaces, err := c.namespaces()
	if err != nil {
		return nil, err
	}
	g.handler = &access.Handler{Chat: chat, Tokens: tokens, Namespaces: namespaces, AllowAnonymous: c.AllowAnonymous}
	return g, nil
}

// open connects the gate with the hub that asks it, before the hub runs.
func (g *gate) open(ctx context.Context, hub *realtime.Hub) error {
	g.hub, g.handler.Publisher = hub, hub
	return g.revoked.Start(ctx)
}

// callBack disconnects who came by a token that was revoked since.
func (g *gate) callBack() {
	n := g.hub.DisconnectMatching(func(client realtime.Client) bool {
		// Who came by the chat's own proof has no credential.
		return client.Credential != (realtime.Credential{}) && g.revoked.Revoked(token.Credential{
			ID: client.Credential.TokenID, User: client.User, IssuedAt: client.Credential.IssuedAt,
		})
	}, realtime.DisconnectInvalidToken)
	if n > 0 {
		g.log.Info("connections by revoked tokens closed", "connections", n)
	}
}

// api answers back ends, and is nil without a key; the other servers are answered in any case.
func (g *gate) api(c Config, nodes *control.Nodes) (http.Handler, error) {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	options := api.Options{
		Key: c.APIKey.Reveal(), Hub: g.hub, Nodes: nodes, Namespaces: g.handler.Namespaces, Access: g.handler,
		Revoker: g.revoked, Name: name, Version: version(), Logger: g.log,
	}
	if options.Key == "" {
		api.Serve(options)
		return nil, nil //nolint:nilnil // no key, no handler
	}
	a, err := api.New(options)
	if err != nil {
		return nil, fmt.Errorf("API_KEY: %w", err)
	}
	return a.Handler(), nil
}

// version is the program's, as far as its build says.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return build.Main.Version
}
