package realtime_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"magpie.build/apps/server/internal/realtime"
)

// stillServes fails the test unless the server serves a new client.
func stillServes(t *testing.T, s *server) {
	t.Helper()
	c := dial(t, s.url)
	c.call(`{"id":1,"connect":{}}`)
	if got := c.call(`{"id":2,"rpc":{"method":"echo","data":1}}`); got != `{"id":2,"rpc":{"data":1}}` {
		t.Errorf("afterwards the server says %s", got)
	}
}

func TestDeepJSONEndsItsConnectionAndNothingElse(t *testing.T) {
	s := serve(t, realtime.Options{})
	for name, data := range map[string]string{
		"arrays":            strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"objects":           strings.Repeat(`{"a":`, 40_000) + "1" + strings.Repeat("}", 40_000),
		"arrays, never end": strings.Repeat("[", 200_000),
	} {
		c := dial(t, s.url)
		c.call(`{"id":1,"connect":{}}`)
		c.send(`{"id":2,"publish":{"channel":"plain:1","data":` + data + `}}`)
		if got := c.next(); got != "close 3501 bad request" {
			t.Errorf("%s: %.100s", name, got)
		}
	}
	stillServes(t, s)
}

func TestHugeAndManyCommandsAreBounded(t *testing.T) {
	s := serve(t, realtime.Options{})
	for name, c := range map[string]struct{ message, want string }{
		"a long name":         {`{"id":2,"subscribe":{"channel":"` + strings.Repeat("x", 200_000) + `"}}`, `"code":107`},
		"much data":           {`{"id":2,"publish":{"channel":"plain:1","data":"` + strings.Repeat("x", 100_000) + `"}}`, `"code":107`},
		"many keys":           {`{"id":2,` + strings.Repeat(`"x":1,`, 40_000) + `"rpc":{"method":"echo","data":1}}`, `"rpc":{"data":1}`},
		"many commands":       {strings.Repeat(`{"id":2,"rpc":{"method":"echo"}}`+"\n", 5000), "close 3501"},
		"a message too large": {`{"id":2,"rpc":{"method":"` + strings.Repeat("x", 300<<10) + `"}}`, "close 1009"},
	} {
		client := dial(t, s.url)
		client.call(`{"id":1,"connect":{}}`)
		client.send(c.message)
		if got := client.next(); !strings.Contains(got, c.want) {
			t.Errorf("%s: %.100s, want %s", name, got, c.want)
		}
	}
	many := dialWith(t, s.url, "centrifuge-protobuf")
	const connect, echo = "\x04\x08\x01\x22\x00", "\x0a\x08\x02\x6a\x06\x12\x04echo"
	if err := many.writeBinary([]byte(connect + strings.Repeat(echo, 5000))); err != nil {
		t.Fatal(err)
	}
	if got := many.next(); !strings.HasPrefix(got, "close 3501") {
		t.Errorf("many commands in protobuf: %.100q", got)
	}
	stillServes(t, s)
}

// Inflating what clients send is work and memory of their choice: it is not offered, and not done unasked.
func TestCompressedMessagesAreNotTaken(t *testing.T) {
	s := serve(t, realtime.Options{})
	for _, offer := range []string{"permessage-deflate", "permessage-deflate; client_max_window_bits", "x-webkit-deflate-frame"} {
		conn, extensions := handshakeByHand(t, s, offer)
		if extensions != "" {
			t.Errorf("%s: accepted as %s", offer, extensions)
		}
		// A bomb of zeros would begin like this: a text frame with the bit that says it is compressed.
		frame := ws.MaskFrame(ws.NewTextFrame([]byte{0xec, 0xc1, 0x01, 0x0d}))
		frame.Header.Rsv = ws.Rsv(true, false, false)
		if err := ws.WriteFrame(conn, frame); err != nil {
			t.Fatal(err)
		}
		answer, err := ws.ReadFrame(io.LimitReader(conn, 1<<10))                                                        //nolint:staticcheck // bounded by its reader
		if err == nil && (answer.Header.OpCode != ws.OpClose || !bytes.HasPrefix(answer.Payload, []byte{0x03, 0xea})) { // 1002
			t.Errorf("%s: answered with %+v", offer, answer)
		}
	}
	stillServes(t, s)
}

// handshakeByHand makes a WebSocket by hand that offers extensions, and returns which the server takes.
func handshakeByHand(t *testing.T, s *server, offer string) (conn net.Conn, extensions string) {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Extensions: "+offer+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	var head []byte
	for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); {
		if _, err := conn.Read(one); err != nil {
			t.Fatalf("handshake: %v after %s", err, head)
		}
		head = append(head, one...)
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		t.Fatalf("handshake: %s", head)
	}
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if name, value, _ := bytes.Cut(line, []byte(": ")); strings.EqualFold(string(name), "Sec-WebSocket-Extensions") {
			extensions = string(value)
		}
	}
	return conn, extensions
}

func TestAMessageThatTricklesInIsNotWaitedFor(t *testing.T) {
	// The client answers no ping while it writes: that is not to be what ends it.
	inBubble(t, realtime.Options{PingInterval: time.Hour}, func(t *testing.T, connect func() *client) {
		t.Helper()
		c := connect()
		c.call(`{"id":1,"connect":{}}`)
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		message, err := c.ws.Writer(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		// Each write is a frame of its own, long enough that the library sends it: the message never ends,
		// but always goes on.
		piece := bytes.Repeat([]byte(" "), 5000)
		for err == nil && time.Since(start) < time.Hour {
			_, err = message.Write(piece)
			time.Sleep(time.Second) //nolint:forbidigo // fake clock
		}
		if waited := time.Since(start); waited > 40*time.Second {
			t.Errorf("it was waited for %v", waited)
		}
	})
}

func TestAFloodOfSubscriptionsLeavesNothingBehind(t *testing.T) {
	s := serve(t, realtime.Options{CommandsPerSecond: -1, MaxChannels: 16})
	c := dial(t, s.url)
	c.call(`{"id":1,"connect":{}}`)
	refused := 0
	for n := range 1000 {
		if got := c.call(fmt.Sprintf(`{"id":2,"subscribe":{"channel":"plain:%d"}}`, n)); strings.Contains(got, `"code":106`) {
			refused++
		}
	}
	if refused != 1000-16 {
		t.Errorf("%d of 1000 were refused", refused)
	}
	if stats := s.hub.Stats(); stats.Channels != 16 || stats.Subscriptions != 16 {
		t.Errorf("there are %d channels and %d subscriptions", stats.Channels, stats.Subscriptions)
	}
	for n := range 16 {
		c.call(fmt.Sprintf(`{"id":3,"unsubscribe":{"channel":"plain:%d"}}`, n))
	}
	before := heapInUse()
	for n := range 3000 {
		c.send(fmt.Sprintf(`{"id":2,"subscribe":{"channel":"people:%d"}}`+"\n"+`{"id":3,"unsubscribe":{"channel":"people:%d"}}`, n, n))
		for !strings.HasPrefix(c.next(), `{"id":3,`) {
			continue
		}
	}
	if stats := s.hub.Stats(); stats.Channels != 0 || stats.Subscriptions != 0 {
		t.Errorf("left behind: %d channels and %d subscriptions", stats.Channels, stats.Subscriptions)
	}
	if grown := heapInUse() - before; grown > 1<<20 {
		t.Errorf("3,000 channels that came and went left %d bytes", grown)
	}
}

// heapInUse is how many bytes are in use.
func heapInUse() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestNamesThatAreNoChannelsAreRefused(t *testing.T) {
	s := serve(t, realtime.Options{})
	c := dial(t, s.url)
	c.call(`{"id":1,"connect":{}}`)
	for _, name := range []string{``, `room:a\u0000b`, `room:a\nb`, `room:a\r\nPUBLISH x`, `room:\u001b[31m`, `room:\u007f`} {
		if got := c.call(`{"id":2,"subscribe":{"channel":"` + name + `"}}`); !strings.Contains(got, `"code":107`) {
			t.Errorf("subscribe to %s: %s", name, got)
		}
		if got := c.call(`{"id":3,"publish":{"channel":"` + name + `","data":1}}`); !strings.Contains(got, `"code":107`) {
			t.Errorf("publish to %s: %s", name, got)
		}
	}
}

func TestManyRequestsThatAreNoHandshakeAreRefused(t *testing.T) {
	s := serve(t, realtime.Options{})
	for name, headers := range map[string]map[string]string{
		"no version":    {"Sec-WebSocket-Version": ""},
		"an old one":    {"Sec-WebSocket-Version": "8"},
		"no key":        {"Sec-WebSocket-Key": ""},
		"a short key":   {"Sec-WebSocket-Key": "AAAA"},
		"no upgrade":    {"Upgrade": "h2c"},
		"no connection": {"Connection": "keep-alive"},
	} {
		if status, _ := upgrade(t, s.url, headers); status < http.StatusBadRequest || status >= http.StatusInternalServerError {
			t.Errorf("%s: status %d", name, status)
		}
	}
	stillServes(t, s)
}
