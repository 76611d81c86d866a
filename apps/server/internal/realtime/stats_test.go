package realtime_test

import (
	"maps"
	"strings"
	"testing"

	"magpie.build/apps/server/internal/realtime"
)

func TestStatsCountWhatHappens(t *testing.T) {
	s := serve(t, realtime.Options{})
	c := dial(t, s.url)
	c.call(`{"id":1,"connect":{}}`)
	c.call(`{"id":2,"subscribe":{"channel":"plain:1"}}`)
	c.call(`{"id":3,"subscribe":{"channel":"secret:1"}}`)
	c.call(`{"id":4,"rpc":{"method":"none"}}`)
	c.call(`{"id":5,"rpc":{"method":"none"}}`)
	s.publish(t, "plain:1", `1`)
	c.next()

	forced := dial(t, s.url)
	forced.call(`{"id":1,"connect":{}}`)
	if got := forced.call(`{"id":2,"subscribe":{"channel":"bomb:1"}}`); !strings.HasPrefix(got, "close 3503 ") {
		t.Fatalf("instead of the end came %s", got)
	}
	left := dial(t, s.url)
	left.call(`{"id":1,"connect":{}}`)
	_ = left.ws.CloseNow() // it closed the socket under itself; that is the point

	want := map[realtime.DisconnectError]uint64{realtime.DisconnectForced: 1, realtime.DisconnectClosed: 1}
	eventually(t, "the ends of connections are counted by code", func() bool {
		return maps.Equal(s.hub.Stats().Disconnects, want)
	})
	stats := s.hub.Stats()
	if want := map[uint32]uint64{103: 1, 104: 2}; !maps.Equal(stats.Errors, want) {
		t.Errorf("errors are %v, want %v", stats.Errors, want)
	}
	for _, c := range []struct {
		name      string
		got, want uint64
	}{
		{"connections", uint64(stats.Connections), 1},
		{"subscriptions", uint64(stats.Subscriptions), 1},
		{"commands", stats.Commands, 8},
		{"publications", stats.Publications, 1},
		{"deliveries", stats.Deliveries, 1},
		{"lagging", uint64(stats.Lagging), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.name, c.got, c.want)
		}
	}
	if stats.ReadBytes < 200 || stats.Bytes < 200 {
		t.Errorf("%d bytes were read and %d written", stats.ReadBytes, stats.Bytes)
	}
}

func TestStatsCountRecoveriesByOutcome(t *testing.T) {
	s := serve(t, realtime.Options{})
	s.house.history = 2
	for range 5 {
		s.publish(t, "room:1", `1`)
	}
	for _, since := range []string{"3", "5", "1"} {
		c := dial(t, s.url)
		c.call(`{"id":1,"connect":{}}`)
		c.call(`{"id":2,"subscribe":{"channel":"room:1","recover":true,"offset":` + since + `}}`)
	}
	subscribed(t, s, "room:1") // asks for nothing
	want := map[realtime.Recovery]uint64{realtime.RecoveryComplete: 2, realtime.RecoveryLost: 1}
	if got := s.hub.Stats().Recoveries; !maps.Equal(got, want) {
		t.Errorf("recoveries are %v, want %v", got, want)
	}
}

func TestStatsKnowWhoLagsAndHowFar(t *testing.T) {
	s := serve(t, realtime.Options{MaxBacklogBytes: 8 << 20})
	s.house.history = 10_000
	c := subscribed(t, s, "room:1")
	published := 0
	for s.hub.Stats().MaxLagBytes < 1<<20 {
		published++
		s.publish(t, "room:1", big(published))
	}
	if stats := s.hub.Stats(); stats.Lagging != 1 {
		t.Errorf("%d connections lag, want 1", stats.Lagging)
	}
	for range published {
		c.next()
	}
	eventually(t, "who has caught up lags no more", func() bool {
		stats := s.hub.Stats()
		return stats.Lagging == 0 && stats.MaxLagBytes == 0
	})
}
