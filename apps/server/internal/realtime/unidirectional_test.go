package realtime_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

// ear is a client that only listens.
type ear interface {
	// next is the next push, or how a WebSocket was closed, or nothing where a stream ended.
	next() string
}

// ears are the ways to listen, each with a connect request.
var ears = map[string]func(t *testing.T, base, request string) ear{
	"websocket": func(t *testing.T, base, request string) ear {
		t.Helper()
		c := dial(t, base+realtime.PathPushWebSocket)
		c.send(request)
		return c
	},
	"websocket by query": func(t *testing.T, base, request string) ear {
		t.Helper()
		return dial(t, base+realtime.PathPushWebSocket+"?cf_connect="+url.QueryEscape(request))
	},
	"http stream": func(t *testing.T, base, request string) ear {
		t.Helper()
		return openStream(t, base, http.MethodPost, realtime.PathPushHTTPStream, request, nil)
	},
	"sse": func(t *testing.T, base, request string) ear {
		t.Helper()
		return openStream(t, base, http.MethodGet, realtime.PathPushSSE+"?cf_connect="+url.QueryEscape(request), "",
			map[string]string{"Accept": "text/event-stream"})
	},
	"sse by post": func(t *testing.T, base, request string) ear {
		t.Helper()
		return openStream(t, base, http.MethodPost, realtime.PathPushSSE, request, nil)
	},
}

// eachEar runs a test with each way to listen.
func eachEar(t *testing.T, test func(t *testing.T, s *server, listen func(request string) ear)) {
	t.Helper()
	for name, open := range ears {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			test(t, s, func(request string) ear { return open(t, s.url, request) })
		})
	}
}

func TestWhoOnlyListensHearsPushes(t *testing.T) {
	eachEar(t, func(t *testing.T, s *server, listen func(request string) ear) {
		t.Helper()
		e := listen(`{"token":"mary in room:1","data":{"a":1},"name":"curl"}`)
		expect := func(want string) {
			t.Helper()
			if got := neutral(e.next()); got != want {
				t.Fatalf("received\n\t%s\nand not\n\t%s", got, want)
			}
		}
		expect(`{"connect":{"client":"CLIENT","data":{"a":1},"subs":{"room:1":{"recoverable":true,"positioned":true,"epoch":"EPOCH"}},"ping":25}}`)
		s.publish(t, "room:1", `"one"`)
		expect(`{"channel":"room:1","pub":{"data":"one","offset":1,"epoch":"EPOCH","time":TIME}}`)
		mary := realtime.Target{User: "mary"}
		if err := s.hub.Subscribe(t.Context(), mary, "people:1", offers["people"], nil); err != nil {
			t.Fatal(err)
		}
		expect(`{"channel":"people:1","subscribe":{}}`)
		expect(`{"channel":"people:1","join":{"info":{"user":"mary","client":"CLIENT","chan_info":{"seat":1}}}}`)
		if err := s.hub.Unsubscribe(t.Context(), mary, "people:1"); err != nil {
			t.Fatal(err)
		}
		expect(`{"channel":"people:1","unsubscribe":{"code":2000,"reason":"server unsubscribe"}}`)
		s.hub.Disconnect(mary, realtime.DisconnectForced)
		expect(`{"disconnect":{"code":3503,"reason":"force disconnect"}}`)
		if _, socket := e.(*client); socket {
			expect("close 3503 force disconnect")
		} else {
			expect("")
		}
	})
}

func TestWhoOnlyListensRecovers(t *testing.T) {
	eachEar(t, func(t *testing.T, s *server, listen func(request string) ear) {
		t.Helper()
		for n := range 3 {
			s.publish(t, "room:1", strconv.Itoa(n+1))
		}
		e := listen(`{"token":"mary in room:1","subs":{"room:1":{"recover":true,"offset":1}}}`)
		want := `{"connect":{"client":"CLIENT","subs":{"room:1":{"recoverable":true,"positioned":true,"epoch":"EPOCH","offset":1,"recovered":true,` +
			`"was_recovering":true,"publications":[{"data":2,"offset":2,"time":TIME},{"data":3,"offset":3,"time":TIME}]}},"ping":25}}`
		if got := neutral(e.next()); got != want {
			t.Errorf("received\n\t%s\nand not\n\t%s", got, want)
		}
	})
}

func TestWhoOnlyListensIsToldWhyItMayNot(t *testing.T) {
	eachEar(t, func(t *testing.T, _ *server, listen func(request string) ear) {
		t.Helper()
		for request, want := range map[string]string{
			`{"token":"expired"}`:          `{"disconnect":{"code":3005,"reason":"connection expired","reconnect":true}}`,
			`{"token":"forged"}`:           `{"disconnect":{"code":3500,"reason":"invalid token"}}`,
			`{"token":"unauthorized"}`:     `{"disconnect":{"code":3004,"reason":"internal server error","reconnect":true}}`,
			`{"name":"SEVENTEEN_BYTES"}`:   "",
			`{"name":"seventeen_bytes__"}`: `{"disconnect":{"code":3501,"reason":"bad request"}}`,
			`{"token":`:                    `{"disconnect":{"code":3501,"reason":"bad request"}}`,
			`[]`:                           `{"disconnect":{"code":3501,"reason":"bad request"}}`,
			`null`:                         "",
		} {
			e := listen(request)
			got := e.next()
			if want == "" && !strings.HasPrefix(got, `{"connect":{"client":`) || want != "" && got != want {
				t.Errorf("%s: %s", request, got)
			}
		}
	})
}

// TestEachPushIsAMessage has no line to look for between two of them.
func TestEachPushIsAMessage(t *testing.T) {
	s := serve(t, realtime.Options{})
	c := dial(t, s.url+realtime.PathPushWebSocket)
	c.call(`{"token":"mary in room:1,plain:1"}`)
	const publications = 500
	for n := range publications {
		s.publish(t, []string{"room:1", "plain:1"}[n%2], strconv.Itoa(n))
	}
	for heard := range publications {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		kind, message, err := c.ws.Read(ctx)
		cancel()
		if err != nil || kind != websocket.MessageText || !json.Valid(message) {
			t.Fatalf("message %d of kind %v is %q, %v", heard, kind, message, err)
		}
	}
}

func TestWhatAListenerSaysLaterIsPassedOver(t *testing.T) {
	s := serve(t, realtime.Options{CommandsPerSecond: 10})
	c := dial(t, s.url+realtime.PathPushWebSocket)
	c.call(`{"token":"mary in room:1"}`)
	for _, said := range []string{`{"id":2,"subscribe":{"channel":"room:2"}}`, `{}`, `{"token":"anne"}`, `what?`, `{"id":3,"publish":{"channel":"room:1","data":1}}`} {
		c.send(said)
	}
	s.publish(t, "room:1", `"one"`)
	if got := c.next(); !strings.HasPrefix(got, `{"channel":"room:1","pub":{"data":"one","offset":1`) {
		t.Errorf("received %s", got)
	}
	for range 100 {
		if c.write(`{}`) != nil {
			break
		}
	}
	if got := c.next(); got != `{"disconnect":{"code":3013,"reason":"too many requests","reconnect":true}}` {
		t.Errorf("after a flood came %s", got)
	}
}

func TestPagesOfForeignOriginsMayNotListen(t *testing.T) {
	s := serve(t, realtime.Options{})
	for path, method := range map[string]string{
		realtime.PathPushHTTPStream: http.MethodPost, realtime.PathPushSSE: http.MethodGet, realtime.PathPushWebSocket: http.MethodGet,
	} {
		got := ask(t.Context(), t, s.url, method, path, `{}`, map[string]string{
			"Origin": "https://evil.example", "Accept": "text/event-stream", "Connection": "Upgrade", "Upgrade": "websocket",
			"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
		})
		if got.status != http.StatusForbidden {
			t.Errorf("%s: status %d", path, got.status)
		}
	}
}

// same is a broker as it is.
func same(b pubsub.Broker) pubsub.Broker { return b }

// TestPingsMayBeFrames has a client answer some of them.
func TestPingsMayBeFrames(t *testing.T) {
	for name, test := range map[string]struct {
		path, connect, connected string
		objects                  bool
	}{
		"by query": {"/?cf_ws_frame_ping_pong=true", `{"id":1,"connect":{}}`, `{"id":1,"connect":{"client":"CLIENT"}}`, false},
		"listener": {realtime.PathPushWebSocket, `{}`, `{"connect":{"client":"CLIENT","ping":25}}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubbleWith(t, same, realtime.Options{}, func(t *testing.T, connect func(path string, options websocket.DialOptions) *client) {
				t.Helper()
				var pinged atomic.Int32
				c := connect(test.path, websocket.DialOptions{OnPingReceived: func(context.Context, []byte) bool { return pinged.Add(1) < 10 }})
				if got := neutral(c.call(test.connect)); got != test.connected {
					t.Errorf("connect is answered %s", got)
				}
				began := time.Now()
				var heard []string
				for len(heard) == 0 || !strings.HasPrefix(heard[len(heard)-1], "close") {
					heard = append(heard, c.next())
				}
				objects := slices.DeleteFunc(slices.Clone(heard), func(got string) bool { return got != "{}" })
				if want := map[bool]int{true: 10}[test.objects]; len(objects) != want {
					t.Errorf("%d objects came as pings, not %d: %v", len(objects), want, heard)
				}
				if got := heard[len(heard)-1]; got != "close 3012 no pong" {
					t.Error(got)
				}
				// Nine were answered.
				if lived := time.Since(began); pinged.Load() != 10 || lived < 9*25*time.Second || lived > 11*27*time.Second {
					t.Errorf("it ended after %v and %d pings", lived, pinged.Load())
				}
			})
		})
	}
}

func TestPingsMayBeFramesOverRealSockets(t *testing.T) {
	s := serve(t, realtime.Options{PingInterval: time.Second, PongTimeout: 500 * time.Millisecond})
	secure, trust := s.secure(t)
	for name, address := range map[string]string{"plain": s.url, "tls": secure} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pings := make(chan struct{}, 100)
			ws, _, err := websocket.Dial(t.Context(), address+"/?cf_ws_frame_ping_pong=true", &websocket.DialOptions{ //nolint:bodyclose // the library closes it
				HTTPClient:     &http.Client{Transport: &http.Transport{TLSClientConfig: trust}},
				OnPingReceived: func(context.Context, []byte) bool { pings <- struct{}{}; return true },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = ws.CloseNow() }()
			c := &client{t: t, ws: ws, patience: patience}
			c.call(`{"id":1,"connect":{}}`)
			answers := make(chan string, 1)
			go func() { answers <- c.next() }()
			for range 3 {
				<-pings
			}
			c.send(`{"id":2,"rpc":{"method":"echo","data":1}}`)
			if got := <-answers; got != `{"id":2,"rpc":{"data":1}}` {
				t.Errorf("after three pings came %s", got)
			}
		})
	}
}
