package redis_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/pubsubtest"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

func TestRingOfServersKeepsThePromises(t *testing.T) {
	t.Parallel()
	url := redistest.Start(t, redistest.Options{}).URL() + " " +
		redistest.Start(t, redistest.Options{Password: "secret"}).URL() + "  " +
		redistest.Start(t, redistest.Options{}).URL()
	pubsubtest.Run(t, func(testing.TB) pubsubtest.Fixture {
		prefix := rand.Text()
		start := func(tb testing.TB) *redis.Ring {
			tb.Helper()
			return openRing(tb, redis.Options{URL: url, Prefix: prefix})
		}
		return pubsubtest.Fixture{
			Open: func(tb testing.TB) pubsub.Broker { tb.Helper(); return start(tb) },
			Peer: func(tb testing.TB) pubsub.Broker { tb.Helper(); return start(tb) },
			Doomed: func(tb testing.TB) (pubsub.Broker, func()) {
				tb.Helper()
				r := start(tb)
				return r, r.Kill
			},
		}
	})
}

func TestRingSharesChannelsAndOutages(t *testing.T) {
	t.Parallel()
	servers := []*redistest.Server{redistest.Start(t, redistest.Options{}), redistest.Start(t, redistest.Options{})}
	r := openRing(t, redis.Options{URL: servers[0].URL() + " " + servers[1].URL(), Timeout: 2 * time.Second})
	publish := func(channel string) error {
		_, err := r.Publish(t.Context(), channel, nil, pubsub.PublishOptions{HistorySize: 1})
		return err
	}
	const channels = 100
	for n := range channels {
		if err := publish(fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	for _, server := range servers {
		if n := server.Calls("xadd"); n < channels/4 {
			t.Errorf("%s has %d of %d channels", server.Addr, n, channels)
		}
	}
	if err := r.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	servers[1].Kill()
	if err := r.Probe(t.Context()); !errors.Is(err, pubsub.ErrUnavailable) {
		t.Errorf("one is down, and the probe says %v", err)
	}
	var there, away int
	for n := range channels {
		switch err := publish(fmt.Sprint(n)); {
		case err == nil:
			there++
		case errors.Is(err, pubsub.ErrUnavailable):
			away++
		default:
			t.Fatal(err)
		}
	}
	if there < channels/4 || away < channels/4 {
		t.Errorf("with one of two servers down %d channels work and %d do not", there, away)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestRingOpensWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	for _, url := range []string{"", server.URL() + " redis://" + unused(t), server.URL() + " http://localhost"} {
		if r, err := redis.OpenRing(t.Context(), redis.Options{URL: url}); err == nil {
			t.Error("it opened", r.Close())
		}
	}
}

func openRing(tb testing.TB, o redis.Options) *redis.Ring {
	tb.Helper()
	r, err := redis.OpenRing(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestOneMoreServerMovesItsShareAlone(t *testing.T) {
	t.Parallel()
	const keys = 10_000
	for n := 1; n < 10; n++ {
		moved := 0
		for key := range uint64(keys) {
			key *= 0x9E3779B97F4A7C15
			before, after := redis.Jump(key, n), redis.Jump(key, n+1)
			if before != after && after != n {
				t.Fatalf("of %d servers a key moves from %d to %d", n+1, before, after)
			}
			if before != after {
				moved++
			}
		}
		if share := keys / (n + 1); moved < share*9/10 || moved > share*11/10 {
			t.Errorf("server %d takes %d of %d keys, want about %d", n+1, moved, keys, share)
		}
	}
}
