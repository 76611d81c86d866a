package main

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
	"github.com/centrifugal/gocent/v3"
	"github.com/golang-jwt/jwt/v5"

	"magpie.build/packages/pubsub/redis/redistest"
)

const (
	apiKey   = "an API key for tests"
	tokenKey = "a key that an application signs with"
)

// guarded is the environment of a server with tokens, an API and a namespace.
var guarded = []string{
	"API_KEY=" + apiKey, "TOKEN_HMAC_KEY=" + tokenKey, "TOKEN_AUDIENCE=chat",
	"NAMESPACES_NEWS_HISTORY_SIZE=100", "NAMESPACES_NEWS_RECOVERY=true", "NAMESPACES_NEWS_PRESENCE=true", "NAMESPACES_NEWS_JOIN_LEAVE=true",
	"NAMESPACES_OPEN_SUBSCRIBE=authenticated", "NAMESPACES_OPEN_PUBLISH=subscribers",
}

// tokenOf is a token as an application signs it.
func tokenOf(t *testing.T, user string, claims jwt.MapClaims) string {
	t.Helper()
	all := jwt.MapClaims{"sub": user, "aud": "chat", "iat": time.Now().Unix()}
	maps.Copy(all, claims)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, all).SignedString([]byte(tokenKey))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// api is a back end's client of the server.
func (s *server) api() *gocent.Client {
	transport := &http.Transport{}
	s.t.Cleanup(transport.CloseIdleConnections)
	return gocent.New(gocent.Config{Addr: s.apiURL + "/api", Key: apiKey, HTTPClient: &http.Client{Transport: transport, Timeout: patience}})
}

// member is a connected client of the public library; events has what happens to it.
type member struct {
	*centrifuge.Client

	events chan string
}

// connect connects a client with a token.
func (s *server) connect(config centrifuge.Config) *member {
	s.t.Helper()
	client := centrifuge.NewJsonClient("ws"+strings.TrimPrefix(s.url, "http")+"/connection/websocket", config)
	m := &member{client, make(chan string, 100)}
	client.OnConnected(func(centrifuge.ConnectedEvent) { m.events <- "connected" })
	client.OnDisconnected(func(e centrifuge.DisconnectedEvent) { m.events <- "disconnected " + e.Reason })
	client.OnConnecting(func(e centrifuge.ConnectingEvent) {
		if e.Code != 0 {
			m.events <- "connecting " + e.Reason
		}
	})
	client.OnPublication(func(e centrifuge.ServerPublicationEvent) { m.events <- e.Channel + " " + string(e.Data) })
	client.OnSubscribed(func(e centrifuge.ServerSubscribedEvent) { m.events <- "subscribed " + e.Channel })
	client.OnUnsubscribed(func(e centrifuge.ServerUnsubscribedEvent) { m.events <- "unsubscribed " + e.Channel })
	s.t.Cleanup(client.Close)
	if err := client.Connect(); err != nil {
		s.t.Fatal(err)
	}
	return m
}

// hears waits for what must happen next, in any order.
func (m *member) hears(t *testing.T, wanted ...string) {
	t.Helper()
	missing := map[string]bool{}
	for _, want := range wanted {
		missing[want] = true
	}
	deadline := time.After(patience)
	for len(missing) > 0 {
		select {
		case got := <-m.events:
			if !missing[got] {
				t.Fatalf("heard %q, wanted %v", got, missing)
			}
			delete(missing, got)
		case <-deadline:
			t.Fatalf("waited in vain for %v", missing)
		}
	}
}

func TestBackEndReachesUsersOnEveryServer(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	redis := redistest.Start(t, redistest.Options{})
	env := append([]string{"REDIS_URL=" + redis.URL()}, guarded...)
	one, two := start(t, env...), start(t, env...)
	api := one.api()
	ctx := t.Context()

	here := one.connect(centrifuge.Config{Token: tokenOf(t, "ada", jwt.MapClaims{"channels": []string{"news:ada"}})})
	there := two.connect(centrifuge.Config{Token: tokenOf(t, "ada", jwt.MapClaims{"jti": "t2", "exp": time.Now().Add(time.Hour).Unix()})})
	here.hears(t, "connected", "subscribed news:ada")
	there.hears(t, "connected")

	if err := api.Subscribe(ctx, "news:all", "ada"); err != nil {
		t.Fatal(err)
	}
	here.hears(t, "subscribed news:all")
	there.hears(t, "subscribed news:all")
	if _, err := api.Broadcast(ctx, []string{"news:all", "news:ada"}, []byte(`{"n":1}`)); err != nil {
		t.Fatal(err)
	}
	here.hears(t, `news:all {"n":1}`, `news:ada {"n":1}`)
	there.hears(t, `news:all {"n":1}`)

	info, err := api.Info(ctx)
	if err != nil || len(info.Nodes) != 2 || info.Nodes[0].NumClients+info.Nodes[1].NumClients != 2 {
		t.Errorf("info: %+v, %v", info, err)
	}
	channels, err := api.Channels(ctx, gocent.WithPattern("news:*"))
	if err != nil || len(channels.Channels) != 2 {
		t.Errorf("channels: %+v, %v", channels, err)
	}
	presence, err := api.PresenceStats(ctx, "news:all")
	if err != nil || presence.NumClients != 2 || presence.NumUsers != 1 {
		t.Errorf("presence: %+v, %v", presence, err)
	}
	if err := api.Unsubscribe(ctx, "news:all", "ada"); err != nil {
		t.Fatal(err)
	}
	here.hears(t, "unsubscribed news:all")
	there.hears(t, "unsubscribed news:all")

	// A token that is called back closes its connection, on whichever server, and opens none.
	revoke(t, one, `{"uid":"t2"}`)
	there.hears(t, "disconnected invalid token")
	again := two.connect(centrifuge.Config{Token: tokenOf(t, "ada", jwt.MapClaims{"jti": "t2"})})
	again.hears(t, "disconnected invalid token")

	if err := api.Disconnect(ctx, "ada"); err != nil {
		t.Fatal(err)
	}
	here.hears(t, "disconnected force disconnect")
}

// revoke calls a token back.
func revoke(t *testing.T, s *server, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.apiURL+"/api/revoke_token", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-API-Key", apiKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("revoke: %s", response.Status)
	}
}

func TestTokensOpenWhatTheySayAndNamespacesTheRest(t *testing.T) {
	s := start(t, guarded...)
	fetched := make(chan string, 10)
	ada := s.connect(centrifuge.Config{
		Token: tokenOf(t, "ada", jwt.MapClaims{"exp": time.Now().Add(2 * time.Second).Unix(), "info": map[string]string{"name": "Ada"}}),
		GetToken: func(centrifuge.ConnectionTokenEvent) (string, error) {
			fetched <- "connection"
			return tokenOf(t, "ada", jwt.MapClaims{"exp": time.Now().Add(time.Hour).Unix()}), nil
		},
	})
	ada.hears(t, "connected")

	subscribe := func(channel string, config centrifuge.SubscriptionConfig) (*centrifuge.Subscription, chan error) {
		t.Helper()
		sub, err := ada.NewSubscription(channel, config)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 10)
		sub.OnSubscribed(func(centrifuge.SubscribedEvent) { done <- nil })
		sub.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) { done <- &centrifuge.Error{Code: e.Code, Message: e.Reason} })
		if err := sub.Subscribe(); err != nil {
			t.Fatal(err)
		}
		return sub, done
	}
	of := func(claims jwt.MapClaims) centrifuge.SubscriptionConfig {
		return centrifuge.SubscriptionConfig{Token: tokenOf(t, "ada", claims), Recoverable: true}
	}
	for name, c := range map[string]struct {
		channel string
		config  centrifuge.SubscriptionConfig
		code    uint32
	}{
		"no token":                  {"news:a", centrifuge.SubscriptionConfig{}, 103},
		"another channel's token":   {"news:b", of(jwt.MapClaims{"channel": "news:a"}), 103},
		"another client's token":    {"news:c", of(jwt.MapClaims{"channel": "news:c", "client": "other"}), 103},
		"another user's token":      {"news:d", centrifuge.SubscriptionConfig{Token: tokenOf(t, "bob", jwt.MapClaims{"channel": "news:d"})}, 103},
		"a connection token":        {"news:e", of(nil), 103},
		"a channel of no namespace": {"nowhere:a", of(jwt.MapClaims{"channel": "nowhere:a"}), 102},
		"the servers' channel":      {"$session-key", of(jwt.MapClaims{"channel": "$session-key"}), 102},
		"its token":                 {"news:f", of(jwt.MapClaims{"channel": "news:f"}), 0},
		"who is authenticated":      {"open:a", centrifuge.SubscriptionConfig{}, 0},
	} {
		_, done := subscribe(c.channel, c.config)
		select {
		case err := <-done:
			got, _ := errors.AsType[*centrifuge.Error](err)
			if c.code == 0 && err != nil || c.code != 0 && (got == nil || got.Code != c.code) {
				t.Errorf("%s: %v, want code %d", name, err, c.code)
			}
		case <-time.After(patience):
			t.Fatalf("%s: no answer", name)
		}
	}

	// Who may publish, and with whose name.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := ada.Publish(ctx, "news:f", []byte(`1`)); !hasCode(err, 103) {
		t.Errorf("published news: %v", err)
	}
	if _, err := ada.Publish(ctx, "open:b", []byte(`1`)); !hasCode(err, 103) {
		t.Errorf("published where it is not: %v", err)
	}
	if _, err := ada.Publish(ctx, "open:a", []byte(`1`)); err != nil {
		t.Errorf("published where it is: %v", err)
	}
	if presence, err := ada.Presence(ctx, "news:f"); err != nil || len(presence.Clients) != 1 {
		t.Errorf("presence: %+v, %v", presence, err)
	}

	// The connection is renewed by the library before it ends.
	select {
	case <-fetched:
	case <-time.After(patience):
		t.Error("no token was fetched")
	}
	if _, err := ada.RPC(ctx, "nothing", nil); !hasCode(err, 108) {
		t.Errorf("the connection is gone: %v", err)
	}
}

func hasCode(err error, code uint32) bool {
	e, ok := errors.AsType[*centrifuge.Error](err)
	return ok && e.Code == code
}

func TestNobodyConnectsWithoutAProofUnlessAllowed(t *testing.T) {
	strict := start(t, guarded...)
	strict.connect(centrifuge.Config{}).hears(t, "disconnected invalid token")
	for name, token := range map[string]string{
		"forged":           tokenOf(t, "ada", nil) + "x",
		"another audience": tokenOf(t, "ada", jwt.MapClaims{"aud": "other"}),
		"a channel's":      tokenOf(t, "ada", jwt.MapClaims{"channel": "news:a"}),
	} {
		t.Run(name, func(t *testing.T) {
			strict.connect(centrifuge.Config{Token: token}).hears(t, "disconnected invalid token")
		})
	}
	open := start(t, append([]string{"ALLOW_ANONYMOUS=true"}, guarded...)...)
	open.connect(centrifuge.Config{}).hears(t, "connected")
	open.connect(centrifuge.Config{Token: "nonsense"}).hears(t, "disconnected invalid token")
}

func TestThereIsNoAPIWithoutAKey(t *testing.T) {
	s := start(t)
	if s.apiURL != "" {
		t.Errorf("it listens at %s", s.apiURL)
	}
}

func TestConfigurationOfAccessIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		env  string
		want string
	}{
		"a short API key":       {"API_KEY=short", "API_KEY has 5 bytes"},
		"a short token key":     {"TOKEN_HMAC_KEY=short", "a token key has 5 bytes"},
		"no public key":         {"TOKEN_PUBLIC_KEYS=nonsense", "hold no PEM block"},
		"an issuer by half":     {"TOKEN_ISSUERS_ACME_ISSUER=https://acme.example", "TOKEN_ISSUERS_ACME_AUDIENCE: required"},
		"recovery of nothing":   {"NAMESPACES_NEWS_RECOVERY=true", `namespace "news": recovery`},
		"a pattern":             {"NAMESPACES_NEWS_PATTERN=(", `namespace "news": its pattern`},
		"nobody knows who":      {"NAMESPACES_NEWS_PUBLISH=everybody", "one of nobody, subscribers"},
		"the chat's namespace":  {"NAMESPACES_ROOM_PUBLISH=anybody", "the chat's own"},
		"replicas of nothing":   {"NAMESPACES_NEWS_REPLICAS=1", "replicas need a history size"},
		"replicas of no Redis":  {"NAMESPACES_ROOM_REPLICAS=1", `the namespace "room" wants replicas of Redis, but there is no REDIS_URL`},
		"a misspelled variable": {"NAMESPACES_NEWS_PRESENC=true", "did you mean"},
	} {
		_, err := loadConfig(nil, []string{c.env}, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "short,") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	c, err := loadConfig(nil, []string{"NAMESPACES_ROOM_GATHER_INTERVAL=20ms", "NAMESPACES_ROOM_REPLICAS=2", "REDIS_URL=redis://localhost", "NAMESPACES_DEFAULT_SUBSCRIBE=anybody"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	set, err := c.namespaces()
	if err != nil {
		t.Fatal(err)
	}
	room, err := set.Find("room:general")
	if err != nil || room.GatherInterval != 20*time.Millisecond || !room.Recovery || room.HistorySize != c.RoomHistory || room.Replicas != 2 || room.ReplicaTimeout != time.Second {
		t.Errorf("rooms: %+v, %v", room.Options, err)
	}
	if lobby, err := set.Find("lobby"); err != nil || !lobby.MaySubscribe("lobby", "") {
		t.Errorf("lobby: %+v, %v", lobby.Options, err)
	}
}
