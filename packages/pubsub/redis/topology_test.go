//go:build unix

package redis_test

import (
	"strings"
	"testing"

	"magpie.build/packages/pubsub/pubsubtest"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

// The contract over further kinds of servers; redis_test.go has the first of them.

func TestRedisBehindSentinelOverTLSKeepsThePromises(t *testing.T) {
	t.Parallel()
	sentinel := redistest.StartSentinel(t, redistest.Options{TLS: true})
	pubsubtest.Run(t, topologies(sentinel.URL()+"&server_name=localhost"))
}

func TestSentinelOverTLSGoesOnAfterAFailover(t *testing.T) {
	t.Parallel()
	takesLong(t)
	sentinel := redistest.StartSentinel(t, redistest.Options{TLS: true})
	b, w := watch(t, redis.Options{URL: sentinel.URL()}, "a")
	insist(t, b, "a", "before")
	replicated(t, sentinel, "a", 1)
	sentinel.FailOver()
	last := insist(t, b, "a", "after")
	eventually(t, "what the new master is told", func() bool { return w.at("a") == last })
}

func TestSentinelsCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	sentinel := redistest.StartSentinel(t, redistest.Options{TLS: true})
	for name, url := range map[string]string{
		"another server name": sentinel.URL() + "&server_name=example.com",
		"an unknown CA":       "rediss+sentinel://" + sentinel.Addr + "?master=main",
		"no TLS":              "redis+sentinel://" + sentinel.Addr + "?master=main",
	} {
		if b, err := redis.Open(t.Context(), redis.Options{URL: url, Timeout: patience / 10}); err == nil {
			t.Errorf("%s is good enough: %v", name, b.Close())
		}
	}
}

func TestRedisClusterOverTLSKeepsThePromises(t *testing.T) {
	t.Parallel()
	takesLong(t)
	pubsubtest.Run(t, topologies(redistest.StartSecureCluster(t).URL()))
}

// restricted gives servers a user who may do what the documentation says, and returns the URL for that one.
func restricted(url string, servers ...*redistest.Server) string {
	for _, server := range servers {
		server.Do(append([]string{"ACL", "SETUSER", "magpie", "on", ">secret"}, strings.Fields(redis.Permissions)...)...)
	}
	return strings.Replace(url, "://", "://magpie:secret@", 1)
}

// permitted is topologies for a user who may see nothing but one deployment's keys, under a prefix of their own.
func permitted(url string) func(testing.TB) pubsubtest.Fixture {
	return fixtures(url, "magpie:")
}

func TestRedisWithLeastPermissionsKeepsThePromises(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	pubsubtest.Run(t, permitted(restricted(server.URL(), server)))
}

func TestRedisClusterWithLeastPermissionsKeepsThePromises(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cluster := redistest.StartCluster(t)
	pubsubtest.Run(t, permitted(restricted(cluster.URL(), cluster.Nodes...)))
}

func TestSentinelWithLeastPermissionsKeepsThePromises(t *testing.T) {
	t.Parallel()
	takesLong(t)
	sentinel := redistest.StartSentinel(t, redistest.Options{})
	pubsubtest.Run(t, permitted(restricted(sentinel.URL(), sentinel.Master, sentinel.Replica)))
}

// TestPermissionsOfOthersAreRefused shows that the user above is a restricted one indeed.
func TestPermissionsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{})
	url := restricted(server.URL(), server)
	if b, err := redis.Open(t.Context(), redis.Options{URL: url, Prefix: "others"}); err == nil {
		t.Errorf("the keys of others are open: %v", b.Close())
	}
	b := open(t, redis.Options{URL: url})
	for _, f := range b.Examine(t.Context()) {
		if f.Verdict == redis.Doubtful && f.Check != "persistence" {
			t.Errorf("%+v", f)
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
