package redis

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// Verdict is how good a finding is.
type Verdict int

const (
	// Well needs nothing.
	Well Verdict = iota
	// Unknown could not be found out, as of a hosted service that answers no CONFIG.
	Unknown
	// Doubtful may lose more, or do less, than one would think.
	Doubtful
)

// Finding is what was found in a server's state or settings.
type Finding struct {
	// Server is the address of the one that was looked at, Check the name of what was looked for.
	Server, Check string
	Verdict       Verdict
	// Text says what is so. Remedy says what to do about it, and is empty when all is well.
	Text, Remedy string
}

// maxSkew is how far clocks may be apart: what people read as the time of a message is in seconds.
const maxSkew = time.Second

// checks are all that is looked for, when a broker is opened and by [Broker.Examine].
var checks = []struct {
	name string
	look func(state) Finding
}{
	{"version", version},
	{"failover", failover},
	{"eviction", eviction},
	{"persistence", persistence},
	{"replicas", replicas},
	{"min-replicas", minReplicas},
	{"clock", clock},
}

// state is what a server says of itself.
type state struct {
	mode    mode
	classic bool              // Pub/Sub is not to be sharded
	wanted  int               // replicas that publishes ask for
	refused string            // what INFO was answered with instead
	info    map[string]string // of INFO, empty where it is refused
	config  map[string]string // of those settings that it tells
	skew    time.Duration     // between its clock and this machine's
	within  time.Duration     // how exactly that is known
	unasked string            // why its clock is not known
}

// Examine looks at every server that the broker uses, and returns what it found, well or not. What cannot be
// found out, because the user of the URL may not ask or nobody answers, is a finding, too. It changes nothing.
func (b *Broker) Examine(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	nodes := b.client.Nodes()
	addrs := slices.Sorted(maps.Keys(nodes))
	found := make([][]Finding, len(addrs))
	var wg sync.WaitGroup
	for i, addr := range addrs {
		wg.Go(func() {
			s := ask(ctx, nodes[addr])
			s.mode, s.classic, s.wanted = b.at.mode, b.at.classic, b.wanted
			found[i] = s.judge(addr)
		})
	}
	wg.Wait()
	return slices.Concat(found...)
}

// warn logs what is not well.
func (b *Broker) warn(ctx context.Context) {
	for _, f := range b.Examine(ctx) {
		level := slog.LevelWarn
		switch f.Verdict {
		case Well:
			continue
		case Unknown:
			level = slog.LevelInfo
		case Doubtful:
		}
		b.log.Log(ctx, level, "redis was examined", "redis", f.Server, "check", f.Check, "found", f.Text, "hint", f.Remedy)
	}
}

func (s state) judge(addr string) []Finding {
	found := make([]Finding, 0, len(checks))
	for _, c := range checks {
		if f := c.look(s); f.Text != "" {
			f.Server, f.Check = addr, c.name
			found = append(found, f)
		}
	}
	return found
}

// ask asks one server what it is.
func ask(ctx context.Context, client rueidis.Client) (s state) {
	s.config = make(map[string]string)
	text, err := client.Do(ctx, client.B().Info().Build()).ToString()
	if err != nil {
		s.refused = err.Error()
	}
	s.info = parseInfo(text)
	for _, setting := range []string{"save", "appendfsync", "min-replicas-to-write"} {
		answer, err := client.Do(ctx, client.B().ConfigGet().Parameter(setting).Build()).AsStrMap()
		if err == nil {
			maps.Copy(s.config, answer)
		}
	}
	began := time.Now()
	there, err := serverTime(ctx, client)
	if err != nil {
		s.unasked = err.Error()
	}
	s.within = time.Since(began) / 2
	s.skew = there.Sub(began.Add(s.within)).Abs() // it was read somewhere in between
	return s
}

// parseInfo understands the answer to INFO.
func parseInfo(text string) map[string]string {
	info := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info
}

func serverTime(ctx context.Context, client rueidis.Client) (time.Time, error) {
	answer, err := client.Do(ctx, client.B().Time().Build()).AsIntSlice()
	if err != nil {
		return time.Time{}, err
	}
	if len(answer) != 2 {
		return time.Time{}, fmt.Errorf("a time of %d parts", len(answer))
	}
	return time.Unix(answer[0], answer[1]*1000), nil
}

func well(format string, values ...any) Finding { return Finding{Text: fmt.Sprintf(format, values...)} }

func unknown(text, remedy string) Finding {
	return Finding{Verdict: Unknown, Text: "cannot be read: " + text, Remedy: remedy}
}

func doubtful(text, remedy string) Finding {
	return Finding{Verdict: Doubtful, Text: text, Remedy: remedy}
}

// version looks for what older servers lack.
func version(s state) Finding {
	number, name := s.info["redis_version"], "Redis"
	switch {
	case s.refused != "":
		return unknown("the version is part of INFO", "see to it that it is Redis 6.2 or later, for a cluster 7.0, or Valkey")
	case s.info["valkey_version"] != "":
		return well("Valkey %s", s.info["valkey_version"])
	case older(number, 6, 2):
		return doubtful("Redis "+number+" is older than any that this was tested with", "use Redis 6.2 or later, or Valkey")
	case s.mode == cluster && !s.classic && older(number, 7, 0):
		return doubtful("Redis "+number+" has no sharded Pub/Sub: every node carries every publication", "use Redis 7.0 or later, or Valkey")
	default:
		return well("%s %s", name, number)
	}
}

func older(version string, major, minor int) bool {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(first)
	b, err2 := strconv.Atoi(second)
	return err == nil && err2 == nil && (a < major || a == major && b < minor)
}

// failover looks whether a failover that loses something is always noticed.
func failover(s state) Finding {
	if s.refused == "" {
		return well("one that takes back publications is noticed")
	}
	return doubtful("INFO is refused ("+s.refused+"): a failover that takes back publications can go unnoticed", "allow the user +info")
}

// eviction looks whether history and members may go when memory is short.
func eviction(s state) Finding {
	switch policy := s.info["maxmemory_policy"]; policy {
	case "":
		return unknown("INFO does not tell maxmemory-policy", "see to it that it is noeviction")
	case "noeviction":
		return well("maxmemory-policy is noeviction")
	default:
		return doubtful("maxmemory-policy "+policy+" may evict history and members", "set maxmemory-policy to noeviction")
	}
}

// persistence looks at what a restart leaves.
func persistence(s state) Finding {
	snapshots, told := s.config["save"]
	switch {
	case s.info["aof_enabled"] == "1" && s.config["appendfsync"] == "always":
		return well("appendonly, with appendfsync always: nothing acknowledged is lost with the machine")
	case s.info["aof_enabled"] == "1":
		return well("appendonly: the last second may be lost with the machine")
	case s.refused != "" || !told:
		return unknown("INFO or CONFIG GET save is refused", "see to it that history is kept on disk, by appendonly or snapshots")
	case snapshots != "":
		return well("snapshots: what was said since the last one is lost with the process")
	default:
		return doubtful("neither appendonly nor snapshots: a restart forgets everything", "set appendonly to yes")
	}
}

// replicas looks whether anybody can take over, and whether as many follow as publishes wait for.
func replicas(s state) Finding {
	if s.refused != "" && s.wanted > 0 {
		return unknown("the replicas are part of INFO", fmt.Sprintf("see to it that there are %d", s.wanted))
	}
	if s.info["role"] != "master" {
		return Finding{}
	}
	following, err := strconv.Atoi(s.info["connected_slaves"])
	switch {
	case err != nil:
		return unknown("INFO does not tell connected_slaves", "see to it that there are enough")
	case following < s.wanted:
		return doubtful(fmt.Sprintf("publishes wait for %d replicas, %d follow: each will fail", s.wanted, following), "start more replicas, or ask for fewer by REPLICAS")
	case following == 0 && s.mode != standalone:
		return doubtful("no replica follows: nobody can take over", "start a replica")
	default:
		return well("%d follow", following)
	}
}

// minReplicas looks whether a master that is cut off goes on taking publications that it will lose.
func minReplicas(s state) Finding {
	if s.info["role"] != "master" || s.mode == standalone {
		return Finding{}
	}
	least, told := s.config["min-replicas-to-write"]
	switch {
	case !told:
		return unknown("CONFIG GET min-replicas-to-write is refused", "see to it that it is at least 1, if what is acknowledged is to survive a failover")
	case least == "0":
		return doubtful("a master that is cut off from its replicas goes on taking publications, and loses them in the failover",
			"set min-replicas-to-write to 1, or have publishes wait by REPLICAS")
	default:
		return well("it takes publications while %s follow", least)
	}
}

// clock compares the server's clock with this machine's.
func clock(s state) Finding {
	switch {
	case s.unasked != "":
		return unknown("TIME is refused ("+s.unasked+")", "see to it that all machines follow the same time servers (NTP)")
	case s.skew > maxSkew+s.within:
		return doubtful(fmt.Sprintf("this machine's clock and the server's are %v apart", s.skew.Round(time.Millisecond)), "have both machines follow the same time servers (NTP)")
	default:
		return well("as this machine's, within %v", (s.skew + s.within).Round(time.Millisecond))
	}
}
