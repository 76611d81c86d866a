package realtime_test

import (
	"sync"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"

	"magpie.build/apps/server/internal/realtime"
)

// TestEndingHubSendsClientsAwayAtItsPace watches when real clients are told to come back.
func TestEndingHubSendsClientsAwayAtItsPace(t *testing.T) {
	const clients, perSecond = 20, 40
	s := serve(t, realtime.Options{DrainPerSecond: perSecond})
	var mu sync.Mutex
	var told []time.Time
	for range clients {
		c := form(centrifuge.NewJsonClient).connected(t, s.url, centrifuge.Config{})
		var once sync.Once
		c.OnConnecting(func(e centrifuge.ConnectingEvent) {
			once.Do(func() {
				mu.Lock()
				defer mu.Unlock()
				if e.Code != uint32(realtime.DisconnectShutdown) {
					t.Errorf("a client is sent away with %d %s", e.Code, e.Reason)
				}
				told = append(told, time.Now())
			})
		})
	}
	s.stop()
	eventually(t, "all clients are sent away", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(told) == clients
	})
	if took, least := told[clients-1].Sub(told[0]), time.Second*(clients-4)/perSecond; took < least {
		t.Errorf("%d clients were sent away within %v, %d a second take %v at least", clients, took, perSecond, least)
	}
}
