package realtime_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"magpie.build/apps/server/internal/realtime"
)

// upgrade asks for a WebSocket with the headers given, and returns the status and the body of a
// refusal.
func upgrade(t *testing.T, url string, headers map[string]string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+strings.TrimPrefix(url, "ws"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
	} {
		request.Header.Set(name, value)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response.StatusCode, ""
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestBrowsersConnectFromAllowedOriginsAlone(t *testing.T) {
	listed := serve(t, realtime.Options{AllowedOrigins: []string{"chat.example.com", "https://*.example.org"}})
	anybody := serve(t, realtime.Options{AllowAnyOrigin: true})
	own := "http" + strings.TrimPrefix(listed.url, "ws")
	for _, test := range []struct {
		url, origin string
		want        int
	}{
		{listed.url, "", 101},
		{listed.url, own, 101},
		{listed.url, "https://chat.example.com", 101},
		{listed.url, "https://CHAT.example.com", 101},
		{listed.url, "https://a.example.org", 101},
		{listed.url, "http://a.example.org", 403},
		{listed.url, "https://example.com", 403},
		{listed.url, "https://chat.example.com.evil.test", 403},
		{listed.url, "https://evilchat.example.com", 403},
		{listed.url, "null", 403},
		{listed.url, "file://", 403},
		{anybody.url, "https://evil.test", 101},
	} {
		headers := map[string]string{}
		if test.origin != "" {
			headers["Origin"] = test.origin
		}
		status, body := upgrade(t, test.url, headers)
		if status != test.want {
			t.Errorf("origin %q: status %d and not %d: %s", test.origin, status, test.want, body)
		}
		if status == http.StatusForbidden && !strings.Contains(body, "rigin") {
			t.Errorf("origin %q: the answer does not say why: %s", test.origin, body)
		}
		// Streams and their commands have the same rules.
		for _, path := range []string{realtime.PathHTTPStream, realtime.PathEmulation, realtime.PathPushHTTPStream} {
			got := ask(t.Context(), t, test.url, http.MethodOptions, path, "", headers)
			if (got.status == http.StatusForbidden) != (test.want == http.StatusForbidden) {
				t.Errorf("origin %q at %s: status %d", test.origin, path, got.status)
			}
		}
	}
}

func TestARequestThatIsNoWebSocketIsToldWhatToDo(t *testing.T) {
	s := serve(t, realtime.Options{})
	if status, body := upgrade(t, s.url, map[string]string{"Upgrade": "h2c"}); status != http.StatusUpgradeRequired || !strings.Contains(body, "websocket") {
		t.Errorf("status %d: %s", status, body)
	}
}

func TestAServerThatIsFullOrStoppingSaysWhenToComeBack(t *testing.T) {
	s := serve(t, realtime.Options{MaxConnections: 2})
	clients := []*client{dial(t, s.url), dial(t, s.url)}
	for _, c := range clients {
		c.call(`{"id":1,"connect":{}}`)
	}
	status, body := upgrade(t, s.url, nil)
	if want := "the server has as many connections as it may: try again in 5 seconds\n"; status != 503 || body != want {
		t.Errorf("one too many: status %d, %q", status, body)
	}
	for _, c := range clients {
		_ = c.ws.CloseNow()
	}
	s.stop()
	status, body = upgrade(t, s.url, nil)
	if want := "the server is stopping: try again in 5 seconds\n"; status != 503 || body != want {
		t.Errorf("after its end: status %d, %q", status, body)
	}
}

func TestBinaryMessagesAreAnotherProtocol(t *testing.T) {
	s := serve(t, realtime.Options{})
	c := dial(t, s.url)
	if err := c.writeBinary([]byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	if got := c.next(); !strings.HasPrefix(got, "close 3506 inappropriate protocol") {
		t.Error(got)
	}
}

func TestTooManyCommandsAreRefusedAndFarTooManyEndTheConnection(t *testing.T) {
	const perSecond = 10
	s := serve(t, realtime.Options{CommandsPerSecond: perSecond})
	c := dial(t, s.url)
	c.call(`{"id":1,"connect":{}}`)
	var commands []string
	for i := range 20 * perSecond {
		commands = append(commands, fmt.Sprintf(`{"id":%d,"rpc":{"method":"echo"}}`, i+2))
	}
	c.send(strings.Join(commands, "\n"))
	count := map[string]int{}
	for {
		reply := c.next()
		if strings.HasPrefix(reply, "close") {
			if reply != "close 3013 too many requests" {
				t.Error(reply)
			}
			break
		}
		_, answer, _ := strings.Cut(reply, ",")
		count[answer]++
	}
	// The connect took one of the burst; a machine that is busy gives some back meanwhile.
	if n := count[`"rpc":{}}`]; n < 2*perSecond-1 {
		t.Errorf("%d commands were answered", n)
	}
	if n := count[`"error":{"code":111,"message":"too many requests","temporary":true}}`]; n < perSecond {
		t.Errorf("%d commands were refused: %v", n, count)
	}
}
