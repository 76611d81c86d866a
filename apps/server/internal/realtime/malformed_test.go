package realtime_test

import (
	"bytes"
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"magpie.build/apps/server/internal/realtime"
)

var malformed = flag.Int("malformed", 2000, "how many malformed frames and handshakes are sent; 100000 is the long form")

// rightHandshakes are for WebSockets of each kind.
var rightHandshakes = []string{
	rightHandshake("/"),
	rightHandshake("/?format=protobuf"),
	rightHandshake("/?cf_ws_frame_ping_pong=true"),
	rightHandshake(realtime.PathPushWebSocket),
	rightHandshake(realtime.PathPushWebSocket + "?cf_connect=%7B%22token%22%3A%22mary%20in%20room%3A1%22%7D"),
}

func rightHandshake(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: magpie\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
}

// TestWhatIsMalformedEndsNobodyElseAndLeavesNothing sends handshakes and frames with a few bytes changed,
// each on a connection of its own that is then hung up on. goleak looks after goroutines.
func TestWhatIsMalformedEndsNobodyElseAndLeavesNothing(t *testing.T) {
	s := serve(t, realtime.Options{MaxFrameBytes: 4 << 10, PingInterval: time.Hour}) // who waits for long need not answer
	bystander := dial(t, s.url)
	bystander.call(`{"id":1,"connect":{}}`)
	random := rand.New(rand.NewPCG(7, 7)) // the same in every run
	send := func(n int) {
		for range n {
			sendMalformed(t, s.url, random)
		}
		eventually(t, "all have gone", func() bool { return s.hub.Stats().Connections == 1 })
	}
	send(*malformed / 4) // so that pools are filled
	before := heap()
	send(*malformed - *malformed/4)
	// 4 MiB is less than 60 bytes for each of a hundred thousand.
	after := heap()
	if after > before+4<<20 {
		t.Errorf("the heap grew from %d KiB to %d", before>>10, after>>10)
	}
	t.Logf("%d malformed handshakes and frames: the heap had %d KiB after a quarter and %d at the end, there are %d goroutines",
		*malformed, before>>10, after>>10, runtime.NumGoroutine())
	if got := bystander.call(`{"id":2,"rpc":{"method":"echo","data":1}}`); got != `{"id":2,"rpc":{"data":1}}` {
		t.Errorf("somebody else is answered %s", got)
	}
}

// sendMalformed connects, sends something that is almost right, and hangs up.
func sendMalformed(t *testing.T, url string, random *rand.Rand) {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.(*net.TCPConn).SetLinger(0) //nolint:errcheck // or the ports run out; it is one
	_ = conn.SetDeadline(time.Now().Add(patience))
	handshake := rightHandshakes[random.IntN(len(rightHandshakes))]
	if random.IntN(4) == 0 {
		_, _ = conn.Write(spoil([]byte(handshake), random)) // the server may have hung up first
		_ = conn.(*net.TCPConn).CloseWrite()                //nolint:errcheck // it is one
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	if _, err := io.WriteString(conn, handshake); err != nil {
		t.Fatal(err)
	}
	frames := slicesOfFrames[random.IntN(len(slicesOfFrames))]
	_, _ = conn.Write(spoil(frames, random))
	_ = conn.(*net.TCPConn).CloseWrite() //nolint:errcheck // it is one
	_, _ = io.Copy(io.Discard, conn)
}

// slicesOfFrames are frames of commands, masked with zeroes.
var slicesOfFrames = [][]byte{
	masked(0x81, `{"id":1,"connect":{}}`+"\n"+`{"id":2,"subscribe":{"channel":"room:1"}}`),
	masked(0x82, "\x04\x08\x01\x22\x00"),
	masked(0x82, "\x04\x08\x01\x22\x00\x0c\x08\x02\x2a\x08\x0a\x06room:1"),
	masked(0x81, `{"id":1,"connect":{}}`+"\n"+`{"id":2,"subscribe":{"channel":"room:1","tf":{"key":"a","cmp":"ex"}}}`),
	masked(0x81, `{"token":"mary in room:1","subs":{"room:1":{"recover":true}}}`),
	masked(0x8A, "pong"),
	append(masked(0x81, `{"id":1,"connect":{}}`), masked(0x89, "ping")...),
	append(masked(0x01, `{"id":1,`), masked(0x80, `"connect":{}}`)...),
	masked(0x88, "\x03\xe8bye"),
	masked(0x81, `{"id":1,"connect":{"data":"`+strings.Repeat("x", 90)+`"}}`),
}

func masked(op byte, payload string) []byte {
	return append([]byte{op, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// spoil changes up to four bytes, and may cut the rest off.
func spoil(text []byte, random *rand.Rand) []byte {
	text = bytes.Clone(text)
	for range 1 + random.IntN(4) {
		text[random.IntN(len(text))] = byte(random.Uint32())
	}
	if random.IntN(4) == 0 {
		text = text[:random.IntN(len(text))]
	}
	return text
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
