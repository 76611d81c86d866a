package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/centrifugal/centrifuge-go"
	"github.com/coder/websocket"
	"golang.org/x/sys/unix"

	"magpie.build/packages/pubsub/redis/redistest"
)

// fewDescriptors is what the server of this test may have.
const fewDescriptors = 256

// TestWhoIsThereGoesOnAtTheDescriptorLimit has more come than the server may have descriptors for: those that stay are
// refused with a word, what else comes is closed, and who was there talks on, over Redis, to which the server also
// finds back. Only Linux changes the limit of a process that runs.
func TestWhoIsThereGoesOnAtTheDescriptorLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	t.Parallel()
	redis := redistest.Start(t, redistest.Options{})
	s := start(t, "REDIS_URL="+redis.URL(), "REALTIME_INSECURE=true", "LOG_LEVEL=debug")
	limit(t, s, fewDescriptors)
	url := "ws" + strings.TrimPrefix(s.url, "http") + "/connection/websocket"
	eventuallyReady(t, s)
	speaker, listener := connect(t, url), hear(t, url)
	talks := func(what string) {
		t.Helper()
		text := `"` + what + `"`
		until(t, "somebody says "+what, func() bool {
			_, err := speaker.Publish(t.Context(), drainedChannel, []byte(text))
			return err == nil
		})
		until(t, "somebody hears "+what, func() bool { return listener.lacks([]string{text}) == "" })
	}

	var crowd []*websocket.Conn
	for len(crowd) < fewDescriptors {
		ws, refusal := visit(t, url)
		if ws == nil {
			const want = "503, 5, true: the server has nearly as many files open as it may: try again in 5 seconds\n"
			if refusal != want {
				t.Errorf("who finds no room is answered %s", refusal)
			}
			break
		}
		crowd = append(crowd, ws)
	}
	if n := len(crowd); n < fewDescriptors/2 || n > fewDescriptors-reserved {
		t.Errorf("%d connections were let in, of %d descriptors", n, fewDescriptors)
	}
	talks("the room is full")
	if status, text := get(t, s.url+"/sign-in"); status != http.StatusOK {
		t.Errorf("a page is answered %d %s", status, text)
	}

	silent := hang(t, strings.TrimPrefix(s.url, "http://"))
	talks("so is the hall")
	redis.Do("CLIENT", "KILL", "TYPE", "pubsub")
	redis.Do("CLIENT", "KILL", "TYPE", "normal")
	talks("Redis is back")
	http.DefaultClient.CloseIdleConnections() // or operators would not need another one
	eventuallyReady(t, s)
	newcomer(t, speaker)
	if n := strings.Count(s.log.String(), "new connections refused"); n != 1 {
		t.Errorf("the log says %d times that there are few descriptors", n)
	}

	limit(t, s, 8) // now nothing at all can be opened, which is below what the server kept back
	late := hang(t, strings.TrimPrefix(s.url, "http://"))
	for _, what := range []string{"one", "two", "three"} {
		talks(what)
	}
	if n := strings.Count(s.log.String(), "Accept error"); n > 20 {
		t.Errorf("the log says %d times that nobody can be let in", n)
	}
	limit(t, s, fewDescriptors)

	for _, conn := range append(silent, late...) {
		_ = conn.Close()
	}
	for _, ws := range crowd[:len(crowd)/2] {
		_ = ws.CloseNow()
	}
	until(t, "there is room again", func() bool {
		ws, _ := visit(t, url)
		return ws != nil
	})
	for _, ws := range crowd[len(crowd)/2:] {
		if err := ws.Ping(ws.CloseRead(t.Context())); err != nil {
			t.Fatalf("one of those who were let in is gone: %v", err)
		}
	}
	talks("all is well")
	listener.check(t)
	if state := speaker.State(); state != centrifuge.StateConnected {
		t.Errorf("the speaker is %s", state)
	}
}

// reserved is how many of the few descriptors connections leave over.
const reserved = fewDescriptors / 4

// limit sets how many descriptors the server may have.
func limit(t *testing.T, s *server, n uint64) {
	t.Helper()
	rlimit := unix.Rlimit{Cur: n, Max: fewDescriptors}
	if err := unix.Prlimit(s.command.Process.Pid, unix.RLIMIT_NOFILE, &rlimit, nil); err != nil {
		t.Fatal(err)
	}
}

// visit opens a WebSocket until the test ends, or says how that was refused: status, when to try again, whether the
// connection ends, and why; or what came instead of an answer, where the server closes what takes its last descriptors.
func visit(t *testing.T, url string) (ws *websocket.Conn, refusal string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, url, nil)
	if err == nil {
		t.Cleanup(func() { _ = ws.CloseNow() })
		return ws, ""
	}
	if response == nil {
		return nil, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return nil, fmt.Sprintf("%d, %s, %t: %s", response.StatusCode, response.Header.Get("Retry-After"), response.Close, text)
}

// hang opens as many connections as the server has descriptors, and says nothing on them.
func hang(t *testing.T, addr string) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, fewDescriptors)
	for i := range conns {
		var err error
		if conns[i], err = new(net.Dialer).DialContext(t.Context(), "tcp", addr); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conns[i].Close() })
	}
	return conns
}

// newcomer subscribes somebody who is there to a channel that nobody was in, which takes a question to Redis.
func newcomer(t *testing.T, c *centrifuge.Client) {
	t.Helper()
	sub, err := c.NewSubscription("load:new")
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.Subscribe(); err != nil {
		t.Fatal(err)
	}
	until(t, "a new channel is there", func() bool { return sub.State() == centrifuge.SubStateSubscribed })
}
