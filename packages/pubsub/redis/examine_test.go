//go:build unix

package redis_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

// doubts opens a broker, and returns what it finds that is not well, as "check: text". Whatever it doubts it
// must have warned of when it was opened.
func doubts(t *testing.T, o redis.Options) (found []string) {
	t.Helper()
	var log lines
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	b := open(t, o)
	findings := b.Examine(t.Context())
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	warnings := 0
	for _, f := range findings {
		if (f.Remedy == "") != (f.Verdict == redis.Well) || f.Server == "" || f.Text == "" {
			t.Errorf("half a finding: %+v", f)
		}
		switch f.Verdict {
		case redis.Well:
			continue
		case redis.Unknown:
		case redis.Doubtful:
			warnings++
		}
		found = append(found, f.Check+": "+f.Text)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != warnings {
		t.Errorf("%d warnings for %d doubts:\n%s", n, warnings, log.String())
	}
	return found
}

func TestServersAreExamined(t *testing.T) {
	t.Parallel()
	plain := func(t *testing.T, o redistest.Options) redis.Options {
		t.Helper()
		return redis.Options{URL: redistest.Start(t, o).URL()}
	}
	for name, c := range map[string]struct {
		options func(t *testing.T) redis.Options
		want    []string // how the doubts begin
	}{
		"all is well": {func(t *testing.T) redis.Options { t.Helper(); return plain(t, redistest.Options{Append: true}) }, nil},
		"snapshots": {func(t *testing.T) redis.Options {
			t.Helper()
			return plain(t, redistest.Options{Args: []string{"--save", "60 1"}})
		}, nil},
		"nothing on disk": {
			func(t *testing.T) redis.Options { t.Helper(); return plain(t, redistest.Options{}) },
			[]string{"persistence: neither appendonly nor snapshots"},
		},
		"eviction": {
			func(t *testing.T) redis.Options {
				t.Helper()
				return plain(t, redistest.Options{Append: true, Args: []string{"--maxmemory-policy", "allkeys-lru"}})
			},
			[]string{"eviction: maxmemory-policy allkeys-lru"},
		},
		"no CONFIG": {
			func(t *testing.T) redis.Options {
				t.Helper()
				return plain(t, redistest.Options{Args: []string{"--rename-command", "CONFIG", ""}})
			},
			[]string{"persistence: cannot be read"},
		},
		"no INFO": {
			func(t *testing.T) redis.Options {
				t.Helper()
				server := redistest.Start(t, redistest.Options{Append: true})
				server.Do("ACL", "SETUSER", "blind", "on", ">secret", "~*", "&*", "+@all", "-info")
				return redis.Options{URL: "redis://blind:secret@" + server.Addr}
			},
			[]string{
				"version: cannot be read", "failover: INFO is refused", "eviction: cannot be read", "persistence: cannot be read",
			},
		},
		"fewer replicas than are waited for": {
			func(t *testing.T) redis.Options {
				t.Helper()
				master := redistest.Start(t, redistest.Options{Append: true})
				redistest.StartReplica(t, master, redistest.Options{})
				return redis.Options{URL: master.URL(), Replicas: 2}
			},
			[]string{"replicas: publishes wait for 2 replicas, 1 follow"},
		},
		"as many replicas as are waited for": {
			func(t *testing.T) redis.Options {
				t.Helper()
				master := redistest.Start(t, redistest.Options{Append: true})
				redistest.StartReplica(t, master, redistest.Options{})
				return redis.Options{URL: master.URL(), Replicas: 1}
			},
			nil,
		},
		"a master that writes alone": {
			func(t *testing.T) redis.Options {
				t.Helper()
				return redis.Options{URL: redistest.StartSentinel(t, redistest.Options{}).URL()}
			},
			[]string{"persistence: neither", "min-replicas: a master that is cut off"},
		},
		"a Sentinel without a replica": {
			func(t *testing.T) redis.Options {
				t.Helper()
				sentinel := redistest.StartSentinel(t, redistest.Options{})
				sentinel.Replica.Kill()
				eventually(t, "the master to notice", func() bool {
					return strings.Contains(sentinel.Master.Do("INFO", "replication"), "connected_slaves:0")
				})
				return redis.Options{URL: sentinel.URL()}
			},
			[]string{"persistence: neither", "replicas: no replica follows", "min-replicas: a master that is cut off"},
		},
		"a cluster": {
			func(t *testing.T) redis.Options {
				t.Helper()
				return redis.Options{URL: redistest.StartCluster(t).URL()}
			},
			slices.Repeat([]string{"persistence: neither", "replicas: no replica follows", "min-replicas: a master that is cut off"}, 3),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := doubts(t, c.options(t))
			begins := func(text, beginning string) bool { return strings.HasPrefix(text, beginning) }
			if !slices.EqualFunc(got, c.want, begins) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// Servers of other versions, and clocks that are wrong, are not to be had here: the findings are made of what
// such a server would say.
func TestVersionsAndClocksAreJudged(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"redis_version:6.0.16": "older than any", "redis_version:2.8.0": "older than any",
		"redis_version:6.2.0": "", "redis_version:7.0.0": "", "redis_version:10.1.0": "",
		"redis_version:7.2.4\r\nvalkey_version:8.1.0": "Valkey 8.1.0",
	} {
		if f := redis.JudgeVersion(version, false); !strings.Contains(f.Text, want) || (f.Verdict == redis.Well) != (f.Remedy == "") ||
			(f.Verdict == redis.Doubtful) != (want == "older than any") {
			t.Errorf("%q is %+v", version, f)
		}
	}
	if f := redis.JudgeVersion("redis_version:6.2.7", true); f.Verdict != redis.Doubtful || !strings.Contains(f.Text, "no sharded Pub/Sub") {
		t.Errorf("a cluster of 6.2: %+v", f)
	}
	for skew, want := range map[time.Duration]redis.Verdict{0: redis.Well, time.Second: redis.Well, 1200 * time.Millisecond: redis.Doubtful, time.Hour: redis.Doubtful} {
		if f := redis.JudgeClock(skew, 100*time.Millisecond); f.Verdict != want || want == redis.Doubtful && !strings.Contains(f.Text, fmt.Sprint(skew)) {
			t.Errorf("%v apart: %+v", skew, f)
		}
	}
}
