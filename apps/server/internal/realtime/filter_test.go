package realtime_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"

	"magpie.build/apps/server/internal/filter"
	"magpie.build/apps/server/internal/realtime"
)

// tag publishes in room:1 with one tag.
func (s *server) tag(t *testing.T, data, value string) {
	t.Helper()
	const channel = "room:1"
	publication := realtime.Publication{Data: json.RawMessage(data), Tags: map[string]string{"kind": value}}
	if _, err := s.hub.Publish(t.Context(), channel, publication, s.house.keep(channel)); err != nil {
		t.Fatal(err)
	}
}

// TestWhoHasAFilterHearsWhatItWants cuts the connection now and then, so that publications come from history in
// between. The public clients take either a filter or deltas; testdata/wire/filter.txt has both.
func TestWhoHasAFilterHearsWhatItWants(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			said := lines(200)
			s.house.history = len(said)
			wire := startWire(t, s.url)
			l := listenWith(t, p.connected(t, wire.url, centrifuge.Config{}), "room:1", centrifuge.SubscriptionConfig{
				TagsFilter: centrifuge.FilterOr(centrifuge.FilterEq("kind", "0"), centrifuge.FilterGte("kind", "2")),
			})
			var want []string
			for i, data := range said {
				s.tag(t, data, strconv.Itoa(i/2%3))
				if i/2%3 != 1 {
					want = append(want, data)
				}
				if i%50 == 25 {
					wire.cut()
					eventually(t, "the client comes back", func() bool { return len(l.events()) > i/50+1 })
				}
			}
			eventually(t, "everything wanted is heard", func() bool { return len(l.publications()) >= len(want) })
			if got := l.publications(); !slices.Equal(got, want) {
				t.Errorf("heard %q and not %q", got, want)
			}
			for _, event := range l.events()[1:] {
				if event != "subscribed recovering=true recovered=true" {
					t.Errorf("the listener was told %q", event)
				}
			}
		})
	}
}

// TestASlowReaderWithAFilterIsRepairedWithWhatItWants reads nothing until the socket is long full.
func TestASlowReaderWithAFilterIsRepairedWithWhatItWants(t *testing.T) {
	const publications = 8000
	s := serve(t, realtime.Options{MaxBacklogBytes: 64 << 10, MaxBacklogTime: time.Minute})
	s.house.history = publications
	c := dial(t, s.url)
	c.call(`{"id":1,"connect":{}}`)
	c.call(`{"id":2,"subscribe":{"channel":"room:1","tf":{"key":"kind","cmp":"eq","val":"1"}}}`)
	for n := range publications {
		s.tag(t, big(n), strconv.Itoa(n%2))
	}
	for n := 1; n < publications; n += 2 {
		if push := c.ponging(); !strings.Contains(push, fmt.Sprintf(`"data":"%d `, n)) || !strings.Contains(push, fmt.Sprintf(`"offset":%d,`, n+1)) {
			t.Fatalf("push %d is %.100s", n, push)
		}
	}
	if s.hub.Stats().Repairs == 0 {
		t.Error("nothing was repaired: the socket took it all")
	}
	s.tag(t, `"not wanted"`, "0")
	s.tag(t, `"wanted"`, "1")
	if push := c.ponging(); !strings.Contains(push, `"wanted"`) {
		t.Errorf("after the repair came %.100s", push)
	}
}

func TestAFilterIsSmall(t *testing.T) {
	s := serve(t, realtime.Options{})
	c := dial(t, s.url)
	c.call(`{"id":1,"connect":{}}`)
	leaf := `{"key":"k","cmp":"ex"}`
	for what, tf := range map[string]string{
		"long": `{"key":"k","cmp":"eq","val":"` + strings.Repeat("x", filter.MaxBytes) + `"}`,
		"wide": `{"op":"or","nodes":[` + strings.Repeat(leaf+",", filter.MaxNodes) + leaf + `]}`,
		"deep": strings.Repeat(`{"op":"not","nodes":[`, filter.MaxNodes) + leaf + strings.Repeat(`]}`, filter.MaxNodes),
	} {
		if got := c.call(`{"id":2,"subscribe":{"channel":"room:1","tf":` + tf + `}}`); !strings.HasPrefix(got, `{"id":2,"error":{"code":107,"message":"filter of tags: it has `) {
			t.Errorf("what is %s is answered %s", what, got)
		}
	}
	if n := s.hub.Stats().Subscriptions; n != 0 {
		t.Errorf("there are %d subscriptions", n)
	}
}
