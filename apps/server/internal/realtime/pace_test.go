package realtime_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"magpie.build/apps/server/internal/realtime"
)

// unhurried is a connection that is read from so much at a time and no faster.
type unhurried struct {
	net.Conn

	tick *time.Ticker
}

func (c unhurried) Read(p []byte) (int, error) {
	<-c.tick.C
	return c.Conn.Read(p[:min(len(p), 1<<10)])
}

// dialUnhurried is dial for a client that reads a KB each so often.
func dialUnhurried(t *testing.T, url string, pace time.Duration) *client {
	t.Helper()
	tick := time.NewTicker(pace)
	t.Cleanup(tick.Stop)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if tcp, ok := conn.(*net.TCPConn); ok {
			err = tcp.SetReadBuffer(64 << 10) // or its own system reads megabytes for it
		}
		return unhurried{conn, tick}, err
	}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}}) //nolint:bodyclose // the library closes it
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(16 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &client{t: t, ws: ws, patience: patience}
}

// Readers that take a KB a millisecond, in a room that speaks faster than that, lag for many times as long as one may
// take nothing. (A KB a second and 30 seconds are the same a thousand times as slow.)
func TestSlowReadersEndCompleteInBoundedMemory(t *testing.T) {
	const (
		readers      = 8
		publications = 450 // of 4 KiB
		history      = 4 << 20
	)
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 10, MaxBacklogTime: time.Second})
	web := httptest.NewUnstartedServer(s.hub)
	web.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if tcp, ok := conn.(*net.TCPConn); ok && state == http.StateNew {
			_ = tcp.SetWriteBuffer(64 << 10) // or the system keeps megabytes for each
		}
	}
	web.Start()
	defer web.Close()
	s.house.history = publications
	slow := make([]*client, readers)
	for i := range slow {
		slow[i] = dialUnhurried(t, web.URL, time.Millisecond)
		slow[i].call(`{"id":1,"connect":{}}`)
		slow[i].call(`{"id":2,"subscribe":{"channel":"room:1"}}`)
	}
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	var all sync.WaitGroup
	for i, c := range slow {
		all.Go(func() {
			for n := 1; n <= publications; n++ {
				if push := c.next(); !strings.Contains(push, fmt.Sprintf(`"offset":%d,`, n)) {
					t.Errorf("reader %d: push %d is %.100s", i, n, push)
					return
				}
			}
		})
	}
	for n := 1; n <= publications; n++ {
		s.publish(t, "room:1", big(n))
	}
	runtime.GC()
	runtime.ReadMemStats(&during)
	// A page of history and what is on its way, each once more while it is copied.
	if grown := int64(during.HeapAlloc) - int64(before.HeapAlloc) - history; grown > readers<<20 {
		t.Errorf("slow readers hold %d KiB", grown>>10)
	}
	all.Wait()
	if took := time.Since(began); took < time.Second {
		t.Errorf("the readers took %v, which is not slow", took)
	}
	if s.hub.Stats().Repairs == 0 {
		t.Error("nobody was repaired: the room was not busy enough")
	}
}

func TestABusyRoomIsGathered(t *testing.T) {
	s := serve(t, realtime.Options{})
	c := subscribed(t, s, "gather:1")
	began := time.Now()
	s.publish(t, "gather:1", `1`)
	c.next()
	if took := time.Since(began); took >= gathered {
		t.Errorf("the first one took %v: after a pause nothing is kept back", took)
	}
	for n := range 3 {
		s.publish(t, "gather:1", fmt.Sprint(n))
	}
	c.next()
	if len(c.pending) != 2 {
		t.Errorf("%d more came with the first of three", len(c.pending))
	}
}
