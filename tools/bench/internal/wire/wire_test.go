package wire_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"magpie.build/tools/bench/internal/wire"
)

// serve answers every connection with f, through a WebSocket implementation that is not ours.
func serve(t *testing.T, f func(ctx context.Context, c *websocket.Conn)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		c.SetReadLimit(1 << 20)
		f(r.Context(), c)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func dial(t *testing.T, addr string) *wire.Conn {
	t.Helper()
	c, err := wire.Dial(t.Context(), wire.Centrifuge{}, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestMessagesOfEverySizeComeBack(t *testing.T) {
	addr := serve(t, func(ctx context.Context, c *websocket.Conn) {
		for {
			kind, text, err := c.Read(ctx)
			if err != nil || c.Write(ctx, kind, text) != nil {
				return
			}
		}
	})
	c := dial(t, addr)
	for _, size := range []int{0, 1, 125, 126, 1000, 0xffff, 0x10000, 300_000, 5} {
		want := bytes.Repeat([]byte("x"), size)
		if err := c.Send(want); err != nil {
			t.Fatal(err)
		}
		got, err := c.Next()
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes come back as %d, %v", size, len(got), err)
		}
	}
}

func TestMessageInSeveralFramesIsJoined(t *testing.T) {
	addr := serve(t, func(ctx context.Context, c *websocket.Conn) {
		w, err := c.Writer(ctx, websocket.MessageText)
		if err != nil {
			return
		}
		for range 3 {
			_, _ = w.Write(bytes.Repeat([]byte("y"), 5000)) // longer than the writer's buffer: a frame of its own
		}
		_ = w.Close()
		_, _, _ = c.Read(ctx)
	})
	if got, err := dial(t, addr).Next(); err != nil || len(got) != 15_000 {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestPingIsAnsweredAndCloseIsAnError(t *testing.T) {
	addr := serve(t, func(ctx context.Context, c *websocket.Conn) {
		pings := c.CloseRead(ctx)
		if c.Ping(pings) == nil {
			_ = c.Close(3501, "bad request")
		}
	})
	_, err := dial(t, addr).Next()
	if e, ok := errors.AsType[*wire.CloseError](err); !ok || e.Code != 3501 || e.Reason != "bad request" {
		t.Errorf("got %v, want the close code after an answered ping", err)
	}
}

func TestRefusedHandshakeIsNamed(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	_, err := wire.Dial(t.Context(), wire.Centrifuge{}, strings.TrimPrefix(s.URL, "http://"))
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, want the status", err)
	}
}

func TestJoinReportsTheServersError(t *testing.T) {
	addr := serve(t, func(ctx context.Context, c *websocket.Conn) {
		_, _, _ = c.Read(ctx)
		_ = c.Write(ctx, websocket.MessageText, []byte(`{"id":1,"connect":{}}`+"\n"+`{"id":2,"error":{"code":103,"message":"permission denied"}}`))
		_, _, _ = c.Read(ctx)
	})
	_, err := wire.Join(t.Context(), wire.Centrifuge{}, addr, "secret")
	if err == nil || !strings.Contains(err.Error(), `join "secret"`) || !strings.Contains(err.Error(), "103: permission denied") {
		t.Errorf("got %v", err)
	}
}

func TestPublicationKeepsItsNumbersAndSize(t *testing.T) {
	sent := make(chan []byte, 1)
	addr := serve(t, func(ctx context.Context, c *websocket.Conn) {
		_, text, _ := c.Read(ctx)
		sent <- text
		_ = c.Write(ctx, websocket.MessageText, text)
		_ = c.Close(3000, "")
	})
	c := dial(t, addr)
	want := wire.Publication{Sender: 2, Seq: 7, At: 123456789}
	if err := c.Publish("room", want, 200); err != nil {
		t.Fatal(err)
	}
	var got wire.Publication
	_ = c.Receive(func(p wire.Publication) { got = p }, func(error) {})
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	text := <-sent
	if data := text[bytes.Index(text, []byte(`{"bench`)) : len(text)-2]; len(data) != 200 {
		t.Errorf("the payload has %d bytes, want 200: %s", len(data), data)
	}
}
