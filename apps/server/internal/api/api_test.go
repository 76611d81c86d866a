package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrifugal/gocent/v3"
	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"magpie.build/apps/server/internal/api"
	"magpie.build/apps/server/internal/control"
	"magpie.build/apps/server/internal/namespace"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/apps/server/internal/revocation"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "0123456789abcdef"

// house lets in whoever says a name, to every channel of a namespace.
type house struct{ namespaces *namespace.Set }

func (h *house) Connect(_ context.Context, r realtime.ConnectRequest) (realtime.ConnectReply, error) {
	return realtime.ConnectReply{User: r.Token}, nil
}

func (h *house) Subscribe(ctx context.Context, c realtime.Client, r realtime.SubscribeRequest) (realtime.SubscribeReply, error) {
	return h.Offer(ctx, c, r.Channel)
}

func (h *house) Offer(_ context.Context, _ realtime.Client, channel string) (realtime.SubscribeReply, error) {
	n, err := h.namespaces.Find(channel)
	return realtime.SubscribeReply{Recoverable: n.Recovery, Presence: n.Presence}, err
}

func (h *house) Publish(context.Context, realtime.Client, string, json.RawMessage) error {
	return realtime.ErrPermissionDenied
}

// revoker remembers what it was told.
type revoker chan revocation.Rule

func (r revoker) Revoke(_ context.Context, rule revocation.Rule) error {
	if rule.TokenID == "" && rule.User == "" {
		return revocation.ErrRule
	}
	r <- rule
	return nil
}

// site is a running server with an API.
type site struct {
	t       *testing.T
	url     string
	wsURL   string
	cent    *gocent.Client
	nodes   *control.Nodes
	broker  pubsub.Broker
	revoked revoker
}

func newSite(t *testing.T) *site {
	t.Helper()
	below, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	broker := control.New(below)
	namespaces, err := namespace.New(map[string]namespace.Options{
		"news":    {HistorySize: 10, Recovery: true, Presence: true},
		"plain":   {},
		"default": {HistorySize: 10},
		"room":    {HistorySize: 10, Presence: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{namespaces}
	hub := realtime.New(broker, h, realtime.Options{})
	s := &site{t: t, nodes: control.NewNodes(broker), broker: below, revoked: make(revoker, 10)}
	a, err := api.New(api.Options{
		Key: key, Hub: hub, Nodes: s.nodes, Namespaces: namespaces, Access: h, Revoker: s.revoked, Name: "here", Version: "v1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.nodes.Start(t.Context(), hub.Answer); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { _ = hub.Run(ctx) })
	running.Go(func() { _ = s.nodes.Run(ctx) })
	web, ws := httptest.NewServer(a.Handler()), httptest.NewServer(hub)
	s.url, s.wsURL = web.URL, "ws"+strings.TrimPrefix(ws.URL, "http")
	transport := &http.Transport{}
	s.cent = gocent.New(gocent.Config{Addr: s.url + "/api", Key: key, HTTPClient: &http.Client{Transport: transport}})
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		web.Close()
		ws.Close()
		cancel()
		running.Wait()
		_ = below.Close()
	})
	return s
}

// post sends a body and returns the status and the answer.
func (s *site) post(path, body string, header ...string) (status int, answer string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-API-Key", key)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections() //nolint:errcheck // it is one
	return response.StatusCode, strings.TrimSpace(string(data))
}

// connect connects somebody by a bare WebSocket, and returns what it hears next.
func (s *site) connect(user string) (next func() string, call func(string) string) {
	s.t.Helper()
	ws, _, err := websocket.Dial(s.t.Context(), s.wsURL, nil) //nolint:bodyclose // the library closes it
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = ws.CloseNow() })
	var pending []string
	next = func() string {
		s.t.Helper()
		ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
		defer cancel()
		for len(pending) == 0 {
			_, data, err := ws.Read(ctx)
			if closed, ok := errors.AsType[websocket.CloseError](err); ok {
				return fmt.Sprintf("close %d", closed.Code)
			}
			if err != nil {
				s.t.Fatal(err)
			}
			pending = strings.Split(string(data), "\n")
		}
		line := pending[0]
		pending = pending[1:]
		return line
	}
	call = func(command string) string {
		s.t.Helper()
		if err := ws.Write(s.t.Context(), websocket.MessageText, []byte(command)); err != nil {
			s.t.Fatal(err)
		}
		return next()
	}
	call(`{"id":1,"connect":{"token":"` + user + `"}}`)
	return next, call
}

func TestCentrifugosLibraryWorks(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	next, call := s.connect("ada")
	call(`{"id":2,"subscribe":{"channel":"news:sport"}}`)

	published, err := s.cent.Publish(ctx, "news:sport", []byte(`{"goal":1}`))
	if err != nil || published.Offset != 1 || published.Epoch == "" {
		t.Errorf("publish: %+v, %v", published, err)
	}
	if got := next(); !strings.Contains(got, `"pub":{"data":{"goal":1},"offset":1`) {
		t.Errorf("the subscriber got %s", got)
	}
	broadcast, err := s.cent.Broadcast(ctx, []string{"news:sport", "plain:x", "nowhere:x"}, []byte(`2`))
	if err != nil || len(broadcast.Responses) != 3 || broadcast.Responses[0].Result.Offset != 2 || broadcast.Responses[1].Error != nil ||
		broadcast.Responses[2].Error == nil || broadcast.Responses[2].Error.Code != 102 {
		t.Errorf("broadcast: %+v, %v", broadcast, err)
	}
	next()

	presence, err := s.cent.Presence(ctx, "news:sport")
	if err != nil || len(presence.Presence) != 1 {
		t.Errorf("presence: %+v, %v", presence, err)
	}
	for id, info := range presence.Presence {
		if info.User != "ada" || info.Client != id {
			t.Errorf("present: %+v", info)
		}
	}
	if stats, err := s.cent.PresenceStats(ctx, "news:sport"); err != nil || stats.NumClients != 1 || stats.NumUsers != 1 {
		t.Errorf("presence stats: %+v, %v", stats, err)
	}
	history, err := s.cent.History(ctx, "news:sport", gocent.WithLimit(gocent.NoLimit))
	if err != nil || len(history.Publications) != 2 || history.Offset != 2 || string(history.Publications[0].Data) != `{"goal":1}` || history.Publications[1].Offset != 2 {
		t.Errorf("history: %+v, %v", history, err)
	}
	history, err = s.cent.History(ctx, "news:sport", gocent.WithLimit(10), gocent.WithSince(&gocent.StreamPosition{Offset: 1, Epoch: history.Epoch}))
	if err != nil || len(history.Publications) != 1 || history.Publications[0].Offset != 2 {
		t.Errorf("history since: %+v, %v", history, err)
	}
	if _, err = s.cent.History(ctx, "news:sport", gocent.WithLimit(10), gocent.WithSince(&gocent.StreamPosition{Offset: 1, Epoch: "other"})); !isCode(err, 112) {
		t.Errorf("history since another life: %v", err)
	}

	if err := s.cent.HistoryRemove(ctx, "news:sport"); err != nil {
		t.Errorf("remove history: %v", err)
	}
	if history, err = s.cent.History(ctx, "news:sport", gocent.WithLimit(gocent.NoLimit)); err != nil || len(history.Publications) != 0 || history.Offset != 2 {
		t.Errorf("history that was removed: %+v, %v", history, err)
	}
	if published, err = s.cent.Publish(ctx, "news:sport", []byte(`3`)); err != nil || published.Offset != 3 || published.Epoch != history.Epoch {
		t.Errorf("publish after history was removed: %+v, %v", published, err)
	}
	if got := next(); !strings.Contains(got, `"pub":{"data":3,"offset":3`) {
		t.Errorf("after history was removed the subscriber got %s", got)
	}

	if err := s.cent.Subscribe(ctx, "plain:given", "ada"); err != nil {
		t.Errorf("subscribe: %v", err)
	}
	if got := next(); !strings.Contains(got, `{"push":{"channel":"plain:given","subscribe":{}}}`) {
		t.Errorf("the user got %s", got)
	}
	channels, err := s.cent.Channels(ctx)
	if err != nil || len(channels.Channels) != 2 {
		t.Errorf("channels: %+v, %v", channels, err)
	}
	if channels, err = s.cent.Channels(ctx, gocent.WithPattern("pl?in:*")); err != nil || len(channels.Channels) != 1 {
		t.Errorf("channels of a pattern: %+v, %v", channels, err)
	}
	info, err := s.cent.Info(ctx)
	if err != nil || len(info.Nodes) != 1 || info.Nodes[0].Name != "here" || info.Nodes[0].NumClients != 1 || info.Nodes[0].NumUsers != 1 || info.Nodes[0].NumChannels != 2 {
		t.Errorf("info: %+v, %v", info, err)
	}
	if err := s.cent.Unsubscribe(ctx, "plain:given", "ada"); err != nil {
		t.Errorf("unsubscribe: %v", err)
	}
	if got := next(); !strings.Contains(got, `"channel":"plain:given","unsubscribe":{"code":2000`) {
		t.Errorf("the user got %s", got)
	}
	if err := s.cent.Disconnect(ctx, "ada", gocent.WithDisconnect(&gocent.Disconnect{Code: 4500, Reason: "bye"})); err != nil {
		t.Errorf("disconnect: %v", err)
	}
	if got := next(); got != "close 4500" {
		t.Errorf("the user got %s", got)
	}
	pipe := s.cent.Pipe()
	_, _ = pipe.AddPublish("plain:x", []byte(`1`)), pipe.AddPresence("plain:x")
	if replies, err := s.cent.SendPipe(ctx, pipe); err != nil || replies[0].Error != nil || replies[1].Error.Code != 108 {
		t.Errorf("pipe: %+v, %v", replies, err)
	}
}

// isCode reports whether a library's error has a code.
func isCode(err error, code int) bool {
	if e, ok := errors.AsType[*gocent.Error](err); ok {
		return e.Code == code
	}
	e, ok := errors.AsType[gocent.Error](err)
	return ok && e.Code == code
}

func TestEachMethodHasAPath(t *testing.T) {
	s := newSite(t)
	next, _ := s.connect("ada")
	for _, c := range []struct{ path, body, want string }{
		{"publish", `{"channel":"news:x","data":{"a":1},"idempotency_key":"k"}`, `"offset":1`},
		{"publish", `{"channel":"news:x","data":{"a":1},"idempotency_key":"k"}`, `"offset":1`},
		{"publish", `{"channel":"news:x","b64data":"eyJhIjoyfQ==","tags":{"t":"1"}}`, `"offset":2`},
		{"publish", `{"channel":"news:x","data":3,"skip_history":true}`, `{"result":{}}`},
		{"history", `{"channel":"news:x","limit":10,"reverse":true}`, `{"data":{"a":2},"offset":2,"tags":{"t":"1"}}`},
		{"history", `{"channel":"news:x"}`, `"publications":[]`},
		{"batch", `{"commands":[{"publish":{"channel":"news:x","data":1}},{"presence":{"channel":"plain:x"}},{"nonsense":{}},{}],"parallel":true}`, `"offset":3`},
		{"batch", `{"commands":[{"nonsense":{}},{}]}`, `{"replies":[{"error":{"code":104,"message":"method not found"}},{"error":{"code":107`},
		{"refresh", `{"user":"ada","expire_at":32503680000}`, `{"result":{}}`},
		{"revoke_token", `{"uid":"t1","expire_at":9}`, `{"result":{}}`},
		{"invalidate_user_tokens", `{"user":"eve","issued_before":7,"channel":"news"}`, `{"result":{}}`},
		{"info", ``, `"nodes":[{"uid":`},
		{"disconnect", `{"user":"ada"}`, `{"result":{}}`},
	} {
		status, got := s.post("/api/"+c.path, c.body)
		if status != http.StatusOK || !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %d %s, want %s", c.path, c.body, status, got, c.want)
		}
	}
	if got := next(); !strings.Contains(got, `"refresh":{"expires":true`) {
		t.Errorf("the user got %s", got)
	}
	if got := next(); got != "close 3503" {
		t.Errorf("the user got %s", got)
	}
	if one, two := <-s.revoked, <-s.revoked; one != (revocation.Rule{TokenID: "t1", Until: 9}) || two != (revocation.Rule{User: "eve", Channel: "news", IssuedBefore: 7}) {
		t.Errorf("revoked %+v, %+v", one, two)
	}
}

func TestRequestsThatCannotBeAreRefused(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		path, body string
		code       int
	}{
		{"publish", `{"data":1}`, 107},
		{"publish", `{"channel":"news:x"}`, 107},
		{"publish", `{"channel":"news:x","b64data":"%"}`, 107},
		{"publish", `{"channel":"news:","data":1}`, 107},
		{"publish", `{"channel":"news:a\nb","data":1}`, 107},
		{"publish", `{"channel":"nowhere:x","data":1}`, 102},
		{"publish", `{"channel":"$session-key","data":1}`, 102},
		{"publish", `{"channel":"$revocations","data":{"user":"ada"}}`, 102},
		{"publish", `{"channel":"room:general","data":"<script>"}`, 103},
		{"publish", `{"channel":"plain:x","data":1,"idempotency_key":"k"}`, 107},
		{"publish", `{"channel":"news:x","data":1,"version":2}`, 108},
		{"publish", `[1]`, 107},
		{"broadcast", `{"channels":[],"data":1}`, 107},
		{"history", `{"channel":"$session-key","limit":-1}`, 102},
		{"history", `{"channel":"plain:x"}`, 108},
		{"history_remove", `{"channel":"plain:x"}`, 108},
		{"history_remove", `{"channel":"nowhere:x"}`, 102},
		{"history_remove", `{}`, 107},
		{"history_remove", `{"channel":"room:general"}`, 103},
		{"presence", `{"channel":"plain:x"}`, 108},
		{"presence_stats", `{"channel":"$nodes"}`, 102},
		{"subscribe", `{"channel":"news:x"}`, 107},
		{"subscribe", `{"user":"ada"}`, 107},
		{"subscribe", `{"user":"ada","channel":"$nodes"}`, 102},
		{"subscribe", `{"user":"ada","channel":"news:x","b64info":"%"}`, 107},
		{"subscribe", `{"user":"ada","channel":"news:x","session":"s"}`, 108},
		{"unsubscribe", `{"user":"ada"}`, 107},
		{"disconnect", `{}`, 107},
		{"disconnect", `{"all_users":true}`, 108},
		{"disconnect", `{"user":"ada","disconnect":{"code":1000}}`, 107},
		{"refresh", `{}`, 107},
		{"revoke_token", `{}`, 107},
		{"invalidate_user_tokens", `{"channel":"news"}`, 107},
		{"channels", `{"pattern":"` + strings.Repeat("*", 256) + `"}`, 107},
	} {
		status, got := s.post("/api/"+c.path, c.body)
		if status != http.StatusOK || !strings.HasPrefix(got, fmt.Sprintf(`{"error":{"code":%d,`, c.code)) {
			t.Errorf("%s %s: %d %s, want code %d", c.path, c.body, status, got, c.code)
		}
	}
	if status, _ := s.post("/api/publish", `{"channel":"nowhere:x","data":1}`, "X-Centrifugo-Error-Mode", "transport"); status != http.StatusNotFound {
		t.Errorf("as a status: %d", status)
	}
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"/api/nonsense", `{}`, http.StatusNotFound},
		{"/api", ``, http.StatusBadRequest},
		{"/api", `{"method":`, http.StatusBadRequest},
		{"/api", strings.Repeat(`{"method":"info"}`, 1001), http.StatusBadRequest},
		{"/api/batch", `{"commands":[` + strings.Repeat(`{},`, 1000) + `{}]}`, http.StatusBadRequest},
		{"/api/batch", `{"commands":` + strings.Repeat(`[`, 100_000), http.StatusBadRequest},
		{"/api/publish", `{"data":"` + strings.Repeat("x", 9<<20), http.StatusRequestEntityTooLarge},
	} {
		if status, got := s.post(c.path, c.body); status != c.want {
			t.Errorf("%s %.30s: %d %.100s, want %d", c.path, c.body, status, got, c.want)
		}
	}
}

func TestNobodyIsLetInWithoutTheKey(t *testing.T) {
	s := newSite(t)
	for name, header := range map[string][]string{
		"no key":                 {"X-API-Key", ""},
		"another key":            {"X-API-Key", key + "x"},
		"a part of the key":      {"X-API-Key", key[1:]},
		"another scheme":         {"X-API-Key", "", "Authorization", "Bearer " + key},
		"another key by scheme":  {"X-API-Key", "", "Authorization", "apikey x"},
		"the scheme and nothing": {"X-API-Key", "", "Authorization", "apikey "},
	} {
		for _, path := range []string{"/api/info", "/api", "/api/batch", "/api/nonsense", "/"} {
			if status, got := s.post(path, `{}`, header...); status != http.StatusUnauthorized {
				t.Errorf("%s is let in to %s: %d %s", name, path, status, got)
			}
		}
	}
	if status, _ := s.post("/api/info", `{}`, "X-API-Key", "", "Authorization", "apikey "+key); status != http.StatusOK {
		t.Errorf("by the scheme: %d", status)
	}
	if status, _ := s.post("/api/info", `{}`, "Content-Encoding", "gzip"); status != http.StatusUnsupportedMediaType {
		t.Errorf("compressed: %d", status)
	}
	if _, err := api.New(api.Options{Key: key[1:]}); err == nil {
		t.Error("a short key was taken")
	}
}

func TestServersThatDoNotAnswerAreReported(t *testing.T) {
	if testing.Short() {
		t.Skip("waits as long as an answer may take")
	}
	s := newSite(t)
	if err := s.broker.Enter(t.Context(), "$nodes", pubsub.Member{ID: "gone"}, pubsub.PresenceOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, got := s.post("/api/disconnect", `{"user":"ada"}`); got != `{"error":{"code":100,"message":"1 of 2 servers did not answer in time"}}` {
		t.Errorf("got %s", got)
	}
}
