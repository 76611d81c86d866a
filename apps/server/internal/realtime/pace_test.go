package realtime_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
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

// Readers that take a KB in 2 ms, in a room that speaks faster than that, lag for longer than one may take nothing. (A KB
// a second and 30 seconds are much the same, five hundred times as slow.) What the system keeps in their sockets is
// bounded by the system.
func TestSlowReadersEndCompleteInBoundedMemory(t *testing.T) {
	const (
		readers      = 8
		publications = 350 // of 4 KiB
		patience     = 2 * time.Second
		// each is what a flush gathers, which waits for the socket, and as much again for those who gather meanwhile.
		each = 2 * 128 << 10
	)
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 10, MaxBacklogTime: patience})
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
		slow[i] = dialUnhurried(t, web.URL, 2*time.Millisecond)
		slow[i].call(`{"id":1,"connect":{}}`)
		slow[i].call(`{"id":2,"subscribe":{"channel":"room:1"}}`)
	}
	before := int64(heap())
	for n := 1; n <= publications; n++ {
		s.publish(t, "room:2", big(n))
	}
	before += 2 * (int64(heap()) - before) // what history keeps is nobody's lag
	began := time.Now()
	var all sync.WaitGroup
	for i, c := range slow {
		all.Go(func() {
			lines := linesOf(c)
			for n := 1; n <= publications; n++ {
				if push := lines(); !strings.Contains(push, fmt.Sprintf(`"offset":%d,`, n)) {
					t.Errorf("reader %d: push %d is %.100s", i, n, push)
					return
				}
			}
		})
	}
	for n := 1; n <= publications; n++ {
		s.publish(t, "room:1", big(n))
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	var held []int64
	for waiting := true; waiting; {
		select {
		case <-done:
			waiting = false
		case <-look.C:
			held = append(held, int64(heap())-before)
		}
	}
	// Half of the looks have more: what is garbage already, or what was just then read for a few of them.
	slices.Sort(held)
	usual := held[len(held)/2]
	if t.Logf("slow readers hold %d KiB each", usual/readers>>10); usual > readers*each {
		t.Errorf("slow readers hold %d KiB, and may hold %d", usual>>10, readers*each>>10)
	}
	if took := time.Since(began); took < patience {
		t.Errorf("the readers took %v, which is not slow", took)
	}
	if s.hub.Stats().Repairs == 0 {
		t.Error("nobody was repaired: the room was not busy enough")
	}
}

// linesOf returns what returns a client's next line, as next does, without having the whole message in memory.
func linesOf(c *client) (next func() string) {
	lines := bufio.NewScanner(strings.NewReader(""))
	return func() string {
		for !lines.Scan() {
			_, message, err := c.ws.Reader(c.t.Context())
			if lines.Err() != nil || err != nil {
				return fmt.Sprint("nothing: ", lines.Err(), err)
			}
			lines = bufio.NewScanner(message)
			lines.Buffer(make([]byte, 8<<10), 8<<10)
		}
		return lines.Text()
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
