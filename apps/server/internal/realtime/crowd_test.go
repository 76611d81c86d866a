package realtime_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/centrifugal/centrifuge-go"

	"magpie.build/apps/server/internal/realtime"
)

func TestAChannelTooFullToNameEverybodyIsCounted(t *testing.T) {
	s := serve(t, realtime.Options{})
	first, reply := connected(t, s, "mary")
	idOf(t, reply)
	first.call(`{"id":2,"subscribe":{"channel":"crowd:1"}}`)
	if got := first.next(); !strings.Contains(got, `"join":{"info":{"user":"mary"`) {
		t.Fatalf("got %s", got)
	}
	const others = 30
	for n := range others {
		c, _ := connected(t, s, fmt.Sprint("u", n%10))
		if got := c.call(`{"id":2,"subscribe":{"channel":"crowd:1"}}`); !strings.Contains(got, `"id":2`) {
			t.Fatalf("got %s", got)
		}
	}
	named := 0
	for {
		got := first.next()
		if strings.Contains(got, `"join"`) {
			named++
			continue
		}
		if !strings.HasPrefix(got, `{"push":{"channel":"crowd:1","presence_stats":{"num_clients":`) {
			t.Fatalf("got %s", got)
		}
		if strings.Contains(got, fmt.Sprintf(`{"num_clients":%d,"num_users":11}`, others+1)) {
			break
		}
	}
	if named > 21 { // one at once, ten a second
		t.Errorf("of %d who came %d were named", others, named)
	}
	if got, want := first.call(`{"id":3,"presence_stats":{"channel":"crowd:1"}}`), fmt.Sprintf(`{"id":3,"presence_stats":{"num_clients":%d,"num_users":11}}`, others+1); got != want {
		t.Errorf("got %s", got)
	}
	if got := first.call(`{"id":4,"presence":{"channel":"crowd:1"}}`); !strings.Contains(got, `"error":{"code":106,"message":"more than 2 are here`) {
		t.Errorf("got %s", got)
	}
	if got := first.call(`{"id":5,"presence_stats":{"channel":"people:1"}}`); !strings.Contains(got, `"code":103`) {
		t.Errorf("somebody who is not there hears %s", got)
	}
}

// Client libraries do not know that somebody may be told how many there are.
func TestClientLibrariesPassOverCounts(t *testing.T) {
	for name, p := range forms {
		t.Run(name, func(t *testing.T) {
			s := serve(t, realtime.Options{})
			mary := p.connected(t, s.url, centrifuge.Config{Token: "mary"})
			listening := listen(t, mary, "crowd:1")
			witness, _ := connected(t, s, "john")
			witness.call(`{"id":2,"subscribe":{"channel":"crowd:1"}}`)
			crowd, _ := connected(t, s, "bob")
			crowd.call(`{"id":2,"subscribe":{"channel":"crowd:1"}}`)
			for !strings.Contains(witness.next(), `"presence_stats":{"num_clients":3,"num_users":3}`) {
				continue
			}
			s.publish(t, "crowd:1", `"after"`)
			eventually(t, "mary hears what is said after", func() bool { return slices.Contains(listening.publications(), `"after"`) })
			if mary.State() != centrifuge.StateConnected {
				t.Errorf("mary is %v", mary.State())
			}
		})
	}
}
