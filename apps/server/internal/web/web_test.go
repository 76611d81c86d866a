package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/chat"
	"magpie.build/apps/server/internal/control"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/apps/server/internal/web"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// site is a server with all its parts, and who visits it.
type site struct {
	t      *testing.T
	url    string
	client *http.Client
	chat   *chat.Chat
	signer *auth.Signer
	broker *memory.Broker
}

func newSite(t *testing.T) *site {
	t.Helper()
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := auth.NewSigner([]byte(strings.Repeat("k", auth.MinKey)), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	watched := control.New(broker)
	handler := &web.Realtime{Signer: signer}
	hub := realtime.New(watched, handler, realtime.Options{})
	rooms := chat.New(watched, hub, web.RenderMessage, chat.Options{})
	handler.Chat = rooms
	if err := rooms.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Options{Chat: rooms, Signer: signer, Realtime: hub, AllowedOrigins: []string{"https://chat.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- hub.Run(ctx) }()
	server := httptest.NewServer(pages.Handler())
	t.Cleanup(func() {
		server.Close()
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, pubsub.ErrClosed) { // a test may have closed it
			t.Error(err)
		}
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := server.Client()
	client.Jar = jar
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &site{t, server.URL, client, rooms, signer, broker}
}

// reply is an answer that was read to its end.
type reply struct {
	*http.Response

	body string
}

func (s *site) do(r *http.Request) reply {
	s.t.Helper()
	response, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{response, string(body)}
}

func (s *site) request(method, path string, body io.Reader) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *site) get(path string) reply {
	s.t.Helper()
	return s.do(s.request(http.MethodGet, path, nil))
}

func (s *site) post(path string, form url.Values) reply {
	s.t.Helper()
	r := s.request(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(r)
}

// signIn visits the site under a name, whose user it returns.
func (s *site) signIn(name string) auth.User {
	s.t.Helper()
	answer := s.post("/sign-in", url.Values{"name": {name}})
	if answer.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("sign in: %s\n%s", answer.Status, answer.body)
	}
	for _, cookie := range answer.Cookies() {
		if user, err := s.signer.CheckSession(cookie.Value); err == nil {
			return user
		}
	}
	s.t.Fatal("no session was given")
	return auth.User{}
}

func (s *site) send(user auth.User, clientID, text string) {
	s.t.Helper()
	if _, err := s.chat.Send(s.t.Context(), user, "general", chat.Draft{ClientID: clientID, Text: text}); err != nil {
		s.t.Fatal(err)
	}
}
