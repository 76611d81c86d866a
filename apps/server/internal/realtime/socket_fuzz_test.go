package realtime_test

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"magpie.build/apps/server/internal/realtime"
)

// FuzzSocket says anything after a good handshake, cut in two anywhere. The server must say nothing but whole frames
// in its form of the protocol, end the connection behind, and log no bug.
func FuzzSocket(f *testing.F) {
	for kind := range rightHandshakes {
		for _, frames := range slicesOfFrames {
			f.Add(uint8(kind), frames, uint16(len(frames)/2))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, said []byte, cut uint16) {
		log := &journal{}
		s := serve(t, realtime.Options{
			MaxFrameBytes: 4 << 10,
			Logger:        slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelError})),
		})
		conn, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "ws://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(conn, rightHandshakes[int(kind)%len(rightHandshakes)]); err != nil {
			t.Fatal(err)
		}
		heard := bufio.NewReader(conn)
		if response, err := http.ReadResponse(heard, nil); err != nil || response.StatusCode != http.StatusSwitchingProtocols { //nolint:bodyclose // it has none
			t.Fatalf("handshake: %+v, %v", response, err)
		}
		// The server may have hung up before the end.
		for _, part := range [][]byte{said[:min(int(cut), len(said))], said[min(int(cut), len(said)):]} {
			_, _ = conn.Write(part)
		}
		_ = conn.(*net.TCPConn).CloseWrite() //nolint:errcheck // it is one
		checkHeard(t, heard)
		eventually(t, "the connection is gone", func() bool { return s.hub.Stats().Connections == 0 })
		if log.String() != "" {
			t.Error(log)
		}
	})
}

// checkHeard reads frames to the end.
func checkHeard(t *testing.T, heard *bufio.Reader) {
	t.Helper()
	for closed := false; ; {
		if _, err := heard.Peek(1); err != nil {
			return // a reset is an end, too
		}
		header, err := ws.ReadHeader(heard)
		if err != nil || closed || header.Masked || header.Rsv != 0 || !header.Fin || header.Length > 1<<20 {
			t.Fatalf("a frame begins with %+v, %v, after a close frame: %t", header, err, closed)
		}
		payload := make([]byte, header.Length)
		if _, err := io.ReadFull(heard, payload); err != nil {
			t.Fatalf("a frame of %d bytes ends early: %v", header.Length, err)
		}
		switch header.OpCode {
		case ws.OpText:
			for line := range strings.SplitSeq(string(payload), "\n") {
				if !json.Valid([]byte(line)) {
					t.Errorf("a line is %q", line)
				}
			}
		case ws.OpBinary, ws.OpPing, ws.OpPong:
		case ws.OpClose:
			closed = true
		default:
			t.Errorf("a frame has opcode %d", header.OpCode)
		}
	}
}
