package redis_test

import (
	"crypto/rand"
	"flag"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/pubsubtest"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

// long is for topologies that differ little from others, and for failures that take their time.
var long = flag.Bool("redis.long", false, "test every topology, and failures that take their time; a minute or two")

// atOnce is how many tests run at the same time where -parallel does not say: they wait more than they work.
const atOnce = 8

// takesLong skips a test that is for the long form.
func takesLong(tb testing.TB) {
	tb.Helper()
	if !*long {
		tb.Skip("takes long: -redis.long runs it")
	}
}

func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0)))); err != nil {
			panic(err)
		}
	}
	// The cluster client gives connections that it replaced five more seconds, then closes them.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient)._refresh.func2"),
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient).redirectOrNew.func1"),
		// And it looks at most once a second who has which slots.
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*call).DelayDo.func1"))
}

func TestRedisKeepsThePromises(t *testing.T) {
	t.Parallel()
	pubsubtest.Run(t, deployments(redistest.Start(t, redistest.Options{})))
}

func TestRedisOverTLSKeepsThePromises(t *testing.T) {
	t.Parallel()
	pubsubtest.Run(t, deployments(redistest.Start(t, redistest.Options{TLS: true, Password: "p@ss/word"})))
}

func TestRedisClusterKeepsThePromises(t *testing.T) {
	t.Parallel()
	pubsubtest.Run(t, topologies(redistest.StartCluster(t).URL()))
}

func TestRedisClusterWithoutShardedPubSubKeepsThePromises(t *testing.T) {
	t.Parallel()
	takesLong(t)
	pubsubtest.Run(t, topologies(redistest.StartCluster(t).URL()+"&sharded_pubsub=off"))
}

func TestRedisBehindSentinelKeepsThePromises(t *testing.T) {
	t.Parallel()
	takesLong(t) // over TLS it is in the short form
	pubsubtest.Run(t, topologies(redistest.StartSentinel(t, redistest.Options{}).URL()))
}

// topologies is as deployments, for servers that a client finds by itself: no proxy is in its way.
func topologies(url string) func(testing.TB) pubsubtest.Fixture { return fixtures(url, "") }

// fixtures is topologies with prefixes that begin in some way.
func fixtures(url, beginning string) func(testing.TB) pubsubtest.Fixture {
	return func(testing.TB) pubsubtest.Fixture {
		prefix := beginning + rand.Text()
		start := func(tb testing.TB) pubsub.Broker {
			tb.Helper()
			return open(tb, redis.Options{URL: url, Prefix: prefix})
		}
		return pubsubtest.Fixture{
			Open: start,
			Peer: start,
			Doomed: func(tb testing.TB) (pubsub.Broker, func()) {
				tb.Helper()
				b := open(tb, redis.Options{URL: url, Prefix: prefix})
				return b, b.Kill
			},
		}
	}
}

// deployments shares a server: each deployment has a prefix of its own.
func deployments(server *redistest.Server) func(testing.TB) pubsubtest.Fixture {
	return func(testing.TB) pubsubtest.Fixture {
		prefix := rand.Text()
		start := func(tb testing.TB) pubsub.Broker {
			tb.Helper()
			return open(tb, redis.Options{URL: server.URL(), Prefix: prefix})
		}
		return pubsubtest.Fixture{
			Open: start,
			Peer: start,
			Doomed: func(tb testing.TB) (pubsub.Broker, func()) {
				tb.Helper()
				proxy := redistest.NewProxy(tb, server.Addr)
				return open(tb, redis.Options{URL: strings.Replace(server.URL(), server.Addr, proxy.Addr, 1), Prefix: prefix}), proxy.Cut
			},
		}
	}
}

func open(tb testing.TB, o redis.Options) *redis.Broker {
	tb.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(tb.Output(), nil))
	}
	b, err := redis.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func BenchmarkRedis(b *testing.B) {
	server := redistest.Start(b, redistest.Options{})
	pubsubtest.Bench(b, func(tb testing.TB) pubsub.Broker {
		tb.Helper()
		return open(tb, redis.Options{URL: server.URL(), Prefix: rand.Text()})
	})
}
