package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

func TestLongTextsAreShortenedInTheLog(t *testing.T) {
	long := strings.Repeat("ä", 10_000)
	for name, c := range map[string]struct {
		value any
		want  int // bytes at most
	}{
		"a text":           {long, 1200},
		"an error":         {errors.New(long), 1200},
		"a stack is whole": {long, 30_000},
	} {
		var log bytes.Buffer
		key := "origin"
		if name == "a stack is whole" {
			key = "stack"
		}
		Config{LogFormat: "json"}.logger(&log).Info("something", key, c.value, "n", 1)
		var entry map[string]any
		if err := json.Unmarshal(log.Bytes(), &entry); err != nil || entry["n"] != 1.0 {
			t.Fatalf("%s: %v in %s", name, err, &log)
		}
		if n := log.Len(); n > c.want || n < c.want/2 {
			t.Errorf("%s: the line has %d bytes, want about %d", name, n, c.want)
		}
	}
}

func TestTheLogHasNoSecrets(t *testing.T) {
	key := strings.Repeat("secret-key", 4)
	s := start(t, "SESSION_KEY="+key, "LOG_LEVEL=debug")
	response, err := http.PostForm(s.url+"/token", url.Values{"name": {"Ada"}}) //nolint:noctx // the server ends with the test
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var reply struct{ Token string }
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil || reply.Token == "" {
		t.Fatalf("no token: %v", err)
	}
	for _, token := range []string{reply.Token, reply.Token + "x"} {
		sayHello(t, s.url, token)
	}
	s.stop()
	log := s.log.String()
	if !strings.Contains(log, "client connected") || !strings.Contains(log, "client disconnected") {
		t.Fatalf("the log does not speak of the client:\n%s", log)
	}
	for _, secret := range []string{key, reply.Token} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q:\n%s", secret, log)
		}
	}
}

// sayHello connects with a token, and leaves when the server has answered.
func sayHello(t *testing.T, url, token string) {
	t.Helper()
	client := centrifuge.NewJsonClient("ws"+strings.TrimPrefix(url, "http")+"/connection/websocket", centrifuge.Config{Token: token})
	defer client.Close()
	answered := make(chan struct{}, 2)
	client.OnConnected(func(centrifuge.ConnectedEvent) { answered <- struct{}{} })
	client.OnDisconnected(func(centrifuge.DisconnectedEvent) { answered <- struct{}{} })
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-answered:
	case <-time.After(patience):
		t.Fatal("the server does not answer")
	}
}
