package redis_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

// TestLargeRoomCostsAMessageASecond fills a room through two processes while Redis counts what it is
// told and asked.
func TestLargeRoomCostsAMessageASecond(t *testing.T) {
	t.Parallel()
	members, maxNamed := 2_000, 200
	if *long {
		members = 10_000
	}
	users := members / 4
	server := redistest.Start(t, redistest.Options{})
	brokers := []*redis.Broker{open(t, redis.Options{URL: server.URL()}), open(t, redis.Options{URL: server.URL()})}
	defer func() {
		for _, b := range brokers {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
	}()
	before, began := server.Calls("publish"), time.Now()
	var wg sync.WaitGroup
	for worker := range 64 {
		wg.Go(func() {
			for n := worker; n < members; n += 64 {
				member := pubsub.Member{ID: fmt.Sprint(n), User: fmt.Sprint(n % users), Data: make([]byte, 100)}
				if err := brokers[n%2].Enter(t.Context(), "room", member, pubsub.PresenceOptions{MaxNamed: maxNamed}); err != nil {
					t.Errorf("enter: %v", err)
				}
			}
		})
	}
	wg.Wait()
	took, told := time.Since(began), server.Calls("publish")-before
	seconds := int(took/time.Second) + 1
	if most := maxNamed + len(brokers)*seconds*(1+pubsub.MaxGathered+2); told > most { // and probes
		t.Errorf("%d who came within %v were told in %d messages, want at most %d", members, took, told, most)
	}
	t.Logf("%d entered in %v, told in %d messages", members, took, told)
	asked := server.Calls("hlen")
	for _, b := range brokers {
		stats, err := b.PresenceStats(t.Context(), "room")
		if err != nil || stats != (pubsub.PresenceStats{Members: members, Users: users}) {
			t.Errorf("%+v, %v", stats, err)
		}
	}
	if asked = server.Calls("hlen") - asked; asked > 2*len(brokers)+2*len(brokers) || server.Calls("hgetall") > 0 {
		t.Errorf("asking how many there are cost %d counts and %d lists", asked, server.Calls("hgetall"))
	}
}
