package realtime_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"magpie.build/apps/server/internal/realtime"
)

// streamed is a client of a stream: it reads replies from one request and sends commands in others.
type streamed struct {
	t             *testing.T
	url           string
	replies       *bufio.Scanner
	session, node string
	hangUp        context.CancelFunc
}

// streamKinds are the two kinds of stream.
var streamKinds = map[string]func(t *testing.T, url, commands string) *streamed{"http-stream": httpStream, "sse": sse}

// httpStream opens an HTTP stream with its first commands.
func httpStream(t *testing.T, base, commands string) *streamed {
	t.Helper()
	return openStream(t, base, http.MethodPost, realtime.PathHTTPStream, commands, nil)
}

// sse opens a stream of server-sent events.
func sse(t *testing.T, base, commands string) *streamed {
	t.Helper()
	return openStream(t, base, http.MethodGet, realtime.PathSSE+"?cf_connect="+url.QueryEscape(commands), "",
		map[string]string{"Accept": "text/event-stream"})
}

func openStream(t *testing.T, base, method, path, body string, headers map[string]string) *streamed {
	t.Helper()
	ctx, hangUp := context.WithCancel(t.Context())
	t.Cleanup(hangUp)
	response := ask(ctx, t, base, method, path, body, headers)
	if response.status != http.StatusOK {
		t.Fatalf("status %d", response.status)
	}
	return &streamed{t: t, url: base, replies: bufio.NewScanner(response.body), hangUp: hangUp}
}

type response struct {
	status int
	header http.Header
	body   io.Reader
}

// ask makes a request to a server known by its WebSocket's address.
func ask(ctx context.Context, t *testing.T, base, method, path, body string, headers map[string]string) response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, "http"+strings.TrimPrefix(base, "ws")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = got.Body.Close() })
	return response{got.StatusCode, got.Header, got.Body}
}

// next returns the next object, empty when the stream has ended.
func (s *streamed) next() string {
	s.t.Helper()
	for s.replies.Scan() {
		if line := strings.TrimPrefix(strings.TrimSpace(s.replies.Text()), "data: "); line != "" {
			return line
		}
	}
	if err := s.replies.Err(); err != nil && !errors.Is(err, context.Canceled) {
		s.t.Fatalf("the stream broke: %v", err)
	}
	return ""
}

// connected reads the reply to a connect.
func (s *streamed) connected() {
	s.t.Helper()
	var reply struct {
		Connect struct{ Session, Node string }
	}
	text := s.next()
	if err := json.Unmarshal([]byte(text), &reply); err != nil || reply.Connect.Session == "" {
		s.t.Fatalf("the reply to connect is %s", text)
	}
	s.session, s.node = reply.Connect.Session, reply.Connect.Node
}

// emulate sends commands through the server at url, and returns the status.
func (s *streamed) emulate(url, commands string) int {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"session": s.session, "node": s.node, "data": commands})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	return ask(ctx, s.t, url, http.MethodPost, realtime.PathEmulation, string(body), nil).status
}

// expect reads objects.
func (s *streamed) expect(objects ...string) {
	s.t.Helper()
	for _, want := range objects {
		if got := neutral(s.next()); got != want {
			s.t.Fatalf("received\n\t%s\nand not\n\t%s", got, want)
		}
	}
}

func TestAStreamSpeaksTheWholeProtocol(t *testing.T) {
	for kind, open := range streamKinds {
		t.Run(kind, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			c := open(t, s.url, `{"id":1,"connect":{"token":"mary"}}`+"\n"+`{"id":2,"subscribe":{"channel":"plain:1"}}`)
			c.connected()
			c.expect(`{"id":2,"subscribe":{}}`)
			s.publish(t, "plain:1", "1")
			s.publish(t, "plain:1", "2")
			c.expect(`{"push":{"channel":"plain:1","pub":{"data":1}}}`, `{"push":{"channel":"plain:1","pub":{"data":2}}}`)
			if status := c.emulate(s.url, `{"id":3,"rpc":{"method":"whoami"}}`+"\n"+`{"id":4,"rpc":{"method":"echo","data":{}}}`); status != http.StatusNoContent {
				t.Fatalf("commands are answered %d", status)
			}
			c.expect(`{"id":3,"rpc":{"data":"mary"}}`, `{"id":4,"rpc":{"data":{}}}`)

			c.emulate(s.url, `{"id":5,"connect":{}}`)
			c.expect(`{"push":{"disconnect":{"code":3501,"reason":"bad request"}}}`, "")
			eventually(t, "the connection is forgotten", func() bool { return s.hub.Stats().Connections == 0 })
			if status := c.emulate(s.url, `{}`); status != http.StatusNotFound {
				t.Errorf("commands for nobody are answered %d", status)
			}
		})
	}
}

func TestAServerThatStopsSendsItsStreamsElsewhere(t *testing.T) {
	for kind, open := range streamKinds {
		t.Run(kind, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			c := open(t, s.url, `{"id":1,"connect":{}}`)
			c.connected()
			s.stop()
			c.expect(`{"push":{"disconnect":{"code":3001,"reason":"shutdown","reconnect":true}}}`, "")
		})
	}
}

func TestAStreamWhoseClientHangsUpIsGone(t *testing.T) {
	for kind, open := range streamKinds {
		t.Run(kind, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			c := open(t, s.url, `{"id":1,"connect":{"token":"mary"}}`+"\n"+`{"id":2,"subscribe":{"channel":"people:1"}}`)
			c.connected()
			c.next()
			c.hangUp()
			eventually(t, "the connection is forgotten", func() bool { return s.hub.Stats().Connections == 0 })
			if members, err := s.hub.Members(t.Context(), "people:1"); err != nil || len(members) > 0 {
				t.Errorf("still there are %v, %v", members, err)
			}
		})
	}
}

func TestAStreamThatDoesNotReadIsEnded(t *testing.T) {
	s := serve(t, realtime.Options{MaxBacklogBytes: 1 << 20, MaxBacklogTime: 100 * time.Millisecond})
	c := httpStream(t, s.url, `{"id":1,"connect":{}}`+"\n"+`{"id":2,"subscribe":{"channel":"plain:1"}}`)
	c.connected()
	large := `"` + strings.Repeat("x", 256<<10) + `"`
	eventually(t, "who does not read is ended", func() bool {
		s.publish(t, "plain:1", large)
		return s.hub.Stats().Connections == 0
	})
}

func TestRequestsThatAreNoStreamsAreToldWhy(t *testing.T) {
	s := serve(t, realtime.Options{MaxFrameBytes: 100, AllowedOrigins: []string{"https://*.example.org"}})
	connect := `{"id":1,"connect":{}}`
	query := realtime.PathSSE + "?cf_connect=" + url.QueryEscape(connect)
	events := "text/event-stream"
	for name, test := range map[string]struct {
		method, path, body string
		headers            map[string]string
		status             int
	}{
		"nothing":                   {http.MethodPost, realtime.PathHTTPStream, "", nil, 400},
		"too much":                  {http.MethodPost, realtime.PathHTTPStream, strings.Repeat("x", 101), nil, 413},
		"another method":            {http.MethodGet, realtime.PathHTTPStream, "", nil, 405},
		"a foreign page":            {http.MethodPost, realtime.PathHTTPStream, connect, map[string]string{"Origin": "https://evil.test"}, 403},
		"no origin at all":          {http.MethodPost, realtime.PathHTTPStream, connect, map[string]string{"Origin": "null"}, 403},
		"events, a link":            {http.MethodGet, query, "", map[string]string{"Accept": "text/html,*/*"}, 406},
		"events, a foreign link":    {http.MethodGet, query, "", map[string]string{"Accept": events, "Sec-Fetch-Site": "cross-site"}, 403},
		"events, a foreign page":    {http.MethodGet, query, "", map[string]string{"Accept": events, "Origin": "https://evil.test"}, 403},
		"events, too much":          {http.MethodPost, realtime.PathSSE, strings.Repeat("x", 101), nil, 413},
		"events, another method":    {http.MethodPut, realtime.PathSSE, connect, nil, 405},
		"commands, no JSON":         {http.MethodPost, realtime.PathEmulation, "{", nil, 400},
		"commands, no session":      {http.MethodPost, realtime.PathEmulation, `{"data":"{}"}`, nil, 400},
		"commands, unknown session": {http.MethodPost, realtime.PathEmulation, `{"session":"A","data":"{}"}`, nil, 404},
		"commands, unknown node":    {http.MethodPost, realtime.PathEmulation, `{"session":"A","node":"B","data":"{}"}`, nil, 404},
		"commands, too many":        {http.MethodPost, realtime.PathEmulation, `{"session":"A","data":"` + strings.Repeat("x", 101) + `"}`, nil, 413},
		"commands, far too many":    {http.MethodPost, realtime.PathEmulation, strings.Repeat("x", 201), nil, 413},
		"commands, a foreign page":  {http.MethodPost, realtime.PathEmulation, `{}`, map[string]string{"Origin": "https://evil.test"}, 403},
		"commands, broken protobuf": {http.MethodPost, realtime.PathEmulation, "\xff", map[string]string{"Content-Type": "application/octet-stream"}, 400},
		"preflight":                 {http.MethodOptions, realtime.PathEmulation, "", map[string]string{"Origin": "https://a.example.org"}, 204},
		"preflight, a foreign page": {http.MethodOptions, realtime.PathEmulation, "", map[string]string{"Origin": "https://evil.test"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			response := ask(t.Context(), t, s.url, test.method, test.path, test.body, test.headers)
			if response.status != test.status {
				t.Errorf("status %d and not %d", response.status, test.status)
			}
			if origin := response.header.Get("Access-Control-Allow-Origin"); origin != "" && origin != "https://a.example.org" {
				t.Errorf("pages of %s may read the answer", origin)
			}
		})
	}
	if n := s.hub.Stats().Connections; n != 0 {
		t.Errorf("there are %d connections", n)
	}
}

func TestPagesOfAnAllowedOriginMayReadAStream(t *testing.T) {
	s := serve(t, realtime.Options{AllowedOrigins: []string{"https://*.example.org"}})
	origin := "https://chat.example.org"
	response := ask(t.Context(), t, s.url, http.MethodPost, realtime.PathHTTPStream, `{"id":1,"connect":{}}`, map[string]string{"Origin": origin})
	if response.status != http.StatusOK || response.header.Get("Access-Control-Allow-Origin") != origin ||
		response.header.Get("Access-Control-Allow-Credentials") != "true" || response.header.Get("Vary") != "Origin" {
		t.Errorf("status %d, %v", response.status, response.header)
	}
}

func TestCommandsThatAStreamHasNoRoomForAreRefused(t *testing.T) {
	s := serve(t, realtime.Options{MaxFrameBytes: 1000})
	s.house.hold = make(chan struct{})
	defer close(s.house.hold)
	c := httpStream(t, s.url, `{"id":1,"connect":{}}`+"\n"+`{"id":2,"rpc":{"method":"wait"}}`)
	c.connected()
	accepted := 0
	eventually(t, "there is no more room", func() bool {
		switch status := c.emulate(s.url, `{"id":3,"rpc":{"method":"echo"}}`); status {
		case http.StatusNoContent:
			accepted++
			return false
		case http.StatusTooManyRequests:
			return true
		default:
			t.Fatalf("commands are answered %d", status)
			return true
		}
	})
	if accepted == 0 || accepted > 100 {
		t.Errorf("%d messages were waiting", accepted)
	}
}

// neighbours are hubs that ask each other.
type neighbours struct {
	self string
	hubs map[string]*realtime.Hub
}

func (n neighbours) Self() string { return n.self }

func (n neighbours) Ask(_ context.Context, name string, question []byte) ([]byte, error) {
	if hub, ok := n.hubs[name]; ok {
		return hub.Answer(question), nil
	}
	return nil, errors.New("no such server")
}

func TestCommandsReachTheServerThatHoldsTheStream(t *testing.T) {
	shared := newShared(t)
	hubs := map[string]*realtime.Hub{}
	var servers []*server
	for _, name := range []string{"a", "b"} {
		s := serveOver(t, shared.member(), &house{}, realtime.Options{Nodes: neighbours{name, hubs}})
		hubs[name] = s.hub
		servers = append(servers, s)
	}
	c := httpStream(t, servers[0].url, `{"id":1,"connect":{}}`)
	c.connected()
	if c.node != "a" {
		t.Fatalf("the stream is at %q", c.node)
	}
	if status := c.emulate(servers[1].url, `{"id":2,"subscribe":{"channel":"plain:1"}}`); status != http.StatusNoContent {
		t.Fatalf("commands are answered %d", status)
	}
	c.expect(`{"id":2,"subscribe":{}}`)
	servers[1].publish(t, "plain:1", "1")
	c.expect(`{"push":{"channel":"plain:1","pub":{"data":1}}}`)

	c.session = "another"
	if status := c.emulate(servers[1].url, `{}`); status != http.StatusNotFound {
		t.Errorf("commands of a session that is not there are answered %d", status)
	}
	if answer := string(hubs["a"].Answer([]byte("\xff"))); answer != "400" {
		t.Errorf("a question that is none is answered %s", answer)
	}
}

// TestEventsBeginWithAPieceOfTheirOwn reads the chunks (RFC 9112 section 7.1) of an answer: clients exist that lose an
// event which comes in the first one.
func TestEventsBeginWithAPieceOfTheirOwn(t *testing.T) {
	s := serve(t, realtime.Options{})
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	request := "GET " + realtime.PathSSE + "?cf_connect=%7B%22id%22%3A1%2C%22connect%22%3A%7B%7D%7D HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer := bufio.NewReader(conn)
	for line := ""; line != "\r\n"; {
		if line, err = answer.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	const first = "2\r\n\r\n\r\n"
	chunk := make([]byte, len(first))
	if _, err := io.ReadFull(answer, chunk); err != nil || string(chunk) != first {
		t.Errorf("the first chunk is %q, %v", chunk, err)
	}
	size, err := answer.ReadString('\n')
	event, err2 := answer.ReadString('\n')
	if err != nil || err2 != nil || !strings.HasPrefix(event, `data: {"id":1,"connect":`) {
		t.Errorf("then comes %q %q, %v, %v", size, event, err, err2)
	}
}
