package realtime_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie.build/apps/server/internal/realtime"
)

// subscribed dials, connects and subscribes; what the client does not read after that piles up.
func subscribed(t *testing.T, s *server, channel string) *client {
	t.Helper()
	c := dial(t, s.url)
	c.call(`{"id":1,"connect":{}}`)
	c.call(`{"id":2,"subscribe":{"channel":"` + channel + `"}}`)
	return c
}

// big is a publication of 4 KiB that knows its number.
func big(n int) string { return fmt.Sprintf(`"%d %s"`, n, strings.Repeat("x", 4<<10)) }

func TestAReaderThatStopsForAWhileIsRepairedFromHistory(t *testing.T) {
	// 32 MB is more than the sockets of both sides and the backlog hold together.
	const publications = 8000
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 10})
	s.house.history = publications
	c := subscribed(t, s, "room:1")
	for n := 1; n <= publications; n++ {
		s.publish(t, "room:1", big(n))
	}
	for n := 1; n <= publications; n++ {
		if push := c.next(); !strings.Contains(push, fmt.Sprintf(`"data":"%d `, n)) || !strings.Contains(push, fmt.Sprintf(`"offset":%d,`, n)) {
			t.Fatalf("push %d is %.100s", n, push)
		}
	}
	if s.hub.Stats().Repairs == 0 {
		t.Error("nothing was repaired: the test did not stop the reader for long enough")
	}
	// Back in the log, it hears what comes at once.
	s.publish(t, "room:1", `"live"`)
	if push := c.next(); !strings.Contains(push, "live") {
		t.Errorf("after the repair came %.100s", push)
	}
}

func TestAReaderThatFallsOutOfHistoryIsTold(t *testing.T) {
	const publications = 8000
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 10})
	s.house.history = 10
	c := subscribed(t, s, "room:1")
	for n := 1; n <= publications; n++ {
		s.publish(t, "room:1", big(n))
	}
	n := 1
	push := c.next()
	for ; strings.Contains(push, fmt.Sprintf(`"data":"%d `, n)); n++ {
		push = c.next()
	}
	if want := `{"push":{"channel":"room:1","unsubscribe":{"code":2500,"reason":"insufficient state"}}}`; push != want {
		t.Errorf("after %d publications came %.100s", n, push)
	}
}

func TestAReaderTooFarBehindWithoutHistoryIsDisconnected(t *testing.T) {
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 10})
	subscribed(t, s, "plain:1")
	other := subscribed(t, s, "plain:1")
	for n := 1; s.hub.Stats().Slow == 0; n++ {
		s.publish(t, "plain:1", big(n))
		if push := other.next(); !strings.Contains(push, fmt.Sprintf(`"data":"%d `, n)) {
			t.Fatalf("the reader beside it received %.100s", push)
		}
	}
	eventually(t, "the slow one is gone", func() bool { return s.hub.Stats().Connections == 1 })
}

func TestAReaderBehindForTooLongIsDisconnected(t *testing.T) {
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 20, MaxBacklogTime: 50 * time.Millisecond})
	subscribed(t, s, "plain:1")
	// 24 MB is more than sockets hold, and less than may wait.
	for n := range 6000 {
		s.publish(t, "plain:1", big(n))
	}
	eventually(t, "it is gone", func() bool { return s.hub.Stats().Slow == 1 && s.hub.Stats().Connections == 0 })
}

func TestAClientThatAsksAndDoesNotListenIsNotReadFrom(t *testing.T) {
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 10, MaxBacklogTime: time.Minute, CommandsPerSecond: -1})
	conn := dial(t, s.url)
	conn.call(`{"id":1,"connect":{}}`)
	conn.patience = 2 * time.Second
	echo := `{"id":2,"rpc":{"method":"echo","data":` + big(0) + `}}`
	for sent := 0; conn.write(echo) == nil; sent += len(echo) {
		if sent > 64<<20 {
			t.Fatalf("%d MiB were read, and their answers wait", sent>>20)
		}
	}
}

func TestAClientThatAsksAndDoesNotListenIsDisconnected(t *testing.T) {
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 10, MaxBacklogTime: 100 * time.Millisecond, CommandsPerSecond: -1})
	conn := dial(t, s.url)
	conn.call(`{"id":1,"connect":{}}`)
	echo := `{"id":2,"rpc":{"method":"echo","data":` + big(0) + `}}`
	for s.hub.Stats().Slow == 0 {
		if err := conn.write(echo); err != nil {
			break // it is closed already
		}
	}
	eventually(t, "it is gone", func() bool { return s.hub.Stats().Connections == 0 })
}
