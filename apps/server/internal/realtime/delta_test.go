package realtime_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
	decoder "github.com/shadowspore/fossil-delta"

	"magpie.build/apps/server/internal/realtime"
)

// lines are payloads of which each is much like the one before, and a few are not.
func lines(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"text":"%s","n":%d,"☃":"%s"}`, strings.Repeat("much the same ☃ ", 20), i, strings.Repeat("ü", i%7))
		if i%10 == 9 {
			lines[i] = fmt.Sprintf(`"%d"`, i)
		}
	}
	return lines
}

// TestWhoReadsDeltasHearsWhatEverybodyHears cuts the connection now and then, so that publications come
// from history in between.
func TestWhoReadsDeltasHearsWhatEverybodyHears(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			said := lines(200)
			s.house.history = len(said)
			wire := startWire(t, s.url)
			l := listenWith(t, p.connected(t, wire.url, centrifuge.Config{}), "room:1", centrifuge.SubscriptionConfig{Delta: centrifuge.DeltaTypeFossil})
			other := listen(t, p.connected(t, s.url, centrifuge.Config{}), "room:1")
			for i, data := range said {
				s.publish(t, "room:1", data)
				if i%50 == 25 {
					wire.cut()
					eventually(t, "the client comes back", func() bool { return len(l.events()) > i/50+1 })
				}
			}
			for _, l := range []*listener{l, other} {
				eventually(t, "everything is heard", func() bool { return len(l.publications()) >= len(said) })
				if got := l.publications(); !slices.Equal(got, said) {
					t.Errorf("heard %q and not %q", got, said)
				}
			}
		})
	}
}

// TestASlowReaderOfDeltasIsRepairedWhole reads nothing until the socket is long full.
func TestASlowReaderOfDeltasIsRepairedWhole(t *testing.T) {
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 10, MaxBacklogTime: time.Minute})
	s.house.history = 2000
	c := dial(t, s.url)
	c.call(`{"id":1,"connect":{}}`)
	c.call(`{"id":2,"subscribe":{"channel":"room:1","delta":"fossil"}}`)
	var said []string
	say := func(data string) {
		said = append(said, data)
		s.publish(t, "room:1", data)
	}
	for n := range 400 {
		// As unlike as can be, so that the socket fills.
		say(fmt.Sprintf("%q", strings.Repeat(fmt.Sprintf("%08d", n), 4<<10)))
	}
	var before []byte
	hear := func(want string) (delta bool) {
		t.Helper()
		var push struct {
			Push struct {
				Pub struct {
					Data  string
					Delta bool
				}
			}
		}
		if err := json.Unmarshal([]byte(c.ponging()), &push); err != nil {
			t.Fatal(err)
		}
		payload := []byte(push.Push.Pub.Data)
		if push.Push.Pub.Delta {
			var err error
			if payload, err = decoder.Apply(before, payload); err != nil {
				t.Fatal(err)
			}
		}
		if string(payload) != want {
			t.Fatalf("heard %.40s of %d bytes and not %.40s of %d", payload, len(payload), want, len(want))
		}
		before = payload
		return push.Push.Pub.Delta
	}
	for _, want := range said {
		hear(want)
	}
	if s.hub.Stats().Repairs == 0 {
		t.Error("nothing was repaired: the socket took it all")
	}
	deltas := 0
	for _, data := range lines(9) {
		say(data)
		if hear(data) {
			deltas++
		}
	}
	if deltas < 7 {
		t.Errorf("after the repair there were %d deltas", deltas)
	}
}
