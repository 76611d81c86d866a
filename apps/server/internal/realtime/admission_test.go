package realtime_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
	"github.com/coder/websocket"

	"magpie.build/apps/server/internal/realtime"
)

// TestOneAddressHasSoManyConnections has real clients wait until there is room.
func TestOneAddressHasSoManyConnections(t *testing.T) {
	s := serve(t, realtime.Options{MaxConnectionsPerAddress: 2})
	json := form(centrifuge.NewJsonClient)
	first := json.connected(t, s.url, centrifuge.Config{})
	json.connected(t, s.url, centrifuge.Config{})

	third := json.sdk(t, s.url, centrifuge.Config{})
	if err := third.Connect(); err == nil || !strings.Contains(err.Error(), "handshake") {
		t.Errorf("the third client is told %v", err)
	}
	if third.State() == centrifuge.StateConnected {
		t.Error("the third client is connected")
	}
	if err := first.Disconnect(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the third client finds room", func() bool { return third.State() == centrifuge.StateConnected })
}

// TestOneUserHasSoManyConnections tells a real client so, and to stay away.
func TestOneUserHasSoManyConnections(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{MaxConnectionsPerUser: 1})
			mary := p.connected(t, s.url, centrifuge.Config{Token: "mary"})
			p.connected(t, s.url, centrifuge.Config{Token: "john"})

			again := p.sdk(t, s.url, centrifuge.Config{Token: "mary"})
			told := make(chan centrifuge.DisconnectedEvent, 1)
			again.OnDisconnected(func(e centrifuge.DisconnectedEvent) {
				select {
				case told <- e:
				default:
				}
			})
			if err := again.Connect(); err != nil {
				t.Fatal(err)
			}
			select {
			case e := <-told:
				if e.Code != uint32(realtime.DisconnectLimit) || e.Reason != "connection limit" {
					t.Errorf("the second client is told %d %s", e.Code, e.Reason)
				}
			case <-time.After(patience):
				t.Fatal("the second client is told nothing")
			}
			if err := mary.Disconnect(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "there is room again", func() bool {
				return again.State() == centrifuge.StateConnected || again.Connect() != nil
			})
		})
	}
}

// TestNewConnectionsAreTakenAtAPace has more clients come at once than are let in: they come by and by.
func TestNewConnectionsAreTakenAtAPace(t *testing.T) {
	const late, perSecond = 6, 5
	s := serve(t, realtime.Options{AcceptsPerSecond: perSecond})
	began := time.Now()
	clients := make([]*centrifuge.Client, 2*perSecond+late)
	for i := range clients {
		clients[i] = form(centrifuge.NewJsonClient).sdk(t, s.url, centrifuge.Config{})
		_ = clients[i].Connect() // whoever is refused tries again by itself
	}
	for _, c := range clients {
		eventually(t, "every client comes in", func() bool { return c.State() == centrifuge.StateConnected })
	}
	if took, least := time.Since(began), (late-1)*time.Second/perSecond; took < least {
		t.Errorf("after a burst %d clients came in within %v, and %d a second take %v", late, took, perSecond, least)
	}
}

// TestEachCommandHasItsLimit sends real publishes and subscribes beyond it.
func TestEachCommandHasItsLimit(t *testing.T) {
	s := serve(t, realtime.Options{PublishesPerSecond: 1, SubscribesPerSecond: 1})
	c := dial(t, s.url)
	c.send(`{"id":1,"connect":{}}`)
	c.next()
	c.send(`{"id":2,"publish":{"channel":"room:1","data":1}}` + "\n" + `{"id":3,"publish":{"channel":"room:1","data":1}}` + "\n" +
		`{"id":4,"publish":{"channel":"room:1","data":1}}` + "\n" + `{"id":5,"subscribe":{"channel":"plain:1"}}` + "\n" +
		`{"id":6,"subscribe":{"channel":"plain:2"}}` + "\n" + `{"id":7,"subscribe":{"channel":"plain:3"}}`)
	for _, refused := range []string{
		`{"id":4,"error":{"code":111,"message":"a connection may publish 1 times a second","temporary":true}}`,
		`{"id":7,"error":{"code":111,"message":"a connection may subscribe 1 times a second","temporary":true}}`,
	} {
		for range 2 {
			if got := c.next(); strings.Contains(got, "error") {
				t.Errorf("within the limit the answer is %s", got)
			}
		}
		if got := c.next(); got != refused {
			t.Errorf("beyond the limit the answer is %s, want %s", got, refused)
		}
	}
}

// TestOnlyTrustedProxiesSayWhereAClientIs fills up one address, and tries others.
func TestOnlyTrustedProxiesSayWhereAClientIs(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	for name, test := range map[string]struct {
		trusted       []netip.Prefix
		first, second string
		same          bool
	}{
		"nobody is trusted":                   {nil, "192.0.2.1", "192.0.2.2", true},
		"others behind the proxy":             {trusted, "192.0.2.1", "192.0.2.2", false},
		"one behind the proxy":                {trusted, "192.0.2.1", "192.0.2.1", true},
		"what the client says is before":      {trusted, "198.51.100.1, 192.0.2.1", "198.51.100.2, 192.0.2.1", true},
		"two proxies":                         {trusted, "192.0.2.1, 10.1.1.1", "192.0.2.2, 10.2.2.2", false},
		"two proxies, one client":             {trusted, "192.0.2.1, 10.1.1.1", "192.0.2.1, 10.2.2.2", true},
		"nonsense is the proxy's own":         {trusted, "nonsense", "rubbish", true},
		"nothing is the proxy's own":          {trusted, "", "", true},
		"IPv6 of one household":               {trusted, "2001:db8::1", "2001:db8::2", true},
		"IPv6 of two":                         {trusted, "2001:db8:0:1::1", "2001:db8:0:2::1", false},
		"IPv4 in IPv6 is IPv4":                {trusted, "::ffff:192.0.2.1", "192.0.2.1", true},
		"IPv4 in IPv6 is not one household":   {trusted, "::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
		"a proxy that says it is the machine": {trusted, "127.0.0.1", "127.0.0.1", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{MaxConnectionsPerAddress: 1, TrustedProxies: test.trusted})
			if got := handshake(t, s.url, test.first); got != http.StatusSwitchingProtocols {
				t.Fatalf("the first is answered %d", got)
			}
			want := http.StatusSwitchingProtocols
			if test.same {
				want = http.StatusTooManyRequests
			}
			if got := handshake(t, s.url, test.second); got != want {
				t.Errorf("the second is answered %d, want %d", got, want)
			}
		})
	}
}

// handshake opens a connection until the test ends, and returns the status.
func handshake(t *testing.T, url, forwarded string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	header := http.Header{}
	if forwarded != "" {
		header.Set("X-Forwarded-For", forwarded)
	}
	ws, response, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPHeader: header}) //nolint:bodyclose // Dial has no body, or has read it
	if err == nil {
		t.Cleanup(func() { _ = ws.CloseNow() })
	}
	if response == nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusSwitchingProtocols && response.Header.Get("Retry-After") == "" {
		t.Error("nothing says when to try again")
	}
	return response.StatusCode
}
