package redis

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestURLsAreUnderstood(t *testing.T) {
	for _, c := range []struct {
		url   string
		name  string
		mode  mode
		addrs []string
		user  string
		db    int
		tls   bool
	}{
		{url: "redis://localhost", name: "redis://localhost:6379", addrs: []string{"localhost:6379"}},
		{url: "valkey://localhost:1", name: "valkey://localhost:1", addrs: []string{"localhost:1"}},
		{url: "redis://u:secret@h:1/3", name: "redis://h:1/3", addrs: []string{"h:1"}, user: "u", db: 3},
		{url: "redis://h?db=3", name: "redis://h:6379/3", addrs: []string{"h:6379"}, db: 3},
		{url: "rediss://[::1]:2", name: "rediss://[::1]:2", addrs: []string{"[::1]:2"}, tls: true},
		{url: "valkeys://h", name: "valkeys://h:6379", addrs: []string{"h:6379"}, tls: true},
		{url: "unix:///run/redis.sock?db=2", name: "unix:///run/redis.sock/2", addrs: []string{"/run/redis.sock"}, db: 2},
		{url: "redis+sentinel://a?addr=b:2&master=m", name: "redis+sentinel://a:26379,b:2", mode: sentinel, addrs: []string{"a:26379", "b:2"}},
		{url: "rediss+sentinel://a/1?master=m&sentinel_user=x&sentinel_password=secret", name: "rediss+sentinel://a:26379/1", mode: sentinel, addrs: []string{"a:26379"}, db: 1, tls: true},
		{url: "redis+cluster://a?addr=b&addr=c:3", name: "redis+cluster://a:6379,b:6379,c:3", mode: cluster, addrs: []string{"a:6379", "b:6379", "c:3"}},
		{url: "rediss+cluster://a", name: "rediss+cluster://a:6379", mode: cluster, addrs: []string{"a:6379"}, tls: true},
	} {
		got, err := parse(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if c.mode == "" {
			c.mode = standalone
		}
		o := got.options
		if got.name != c.name || got.mode != c.mode || !slices.Equal(o.InitAddress, c.addrs) ||
			o.Username != c.user || o.SelectDB != c.db || (o.TLSConfig != nil) != c.tls {
			t.Errorf("%s: understood as %s, %s, %q, user %q, database %d, TLS %v", c.url, got.name, got.mode, o.InitAddress, o.Username, o.SelectDB, o.TLSConfig != nil)
		}
		if c.mode == sentinel && (o.Sentinel.MasterSet != "m" || (o.Sentinel.TLSConfig != nil) != c.tls) {
			t.Errorf("%s: Sentinel's part is %+v", c.url, o.Sentinel)
		}
	}
}

func TestWrongURLsAreExplainedWithoutTheirSecrets(t *testing.T) {
	noCA := filepath.Join(t.TempDir(), "no-ca.pem")
	if err := os.WriteFile(noCA, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"":                                      "scheme",
		"localhost:6379":                        "scheme",
		"http://:secret@localhost":              "scheme",
		"redis+nothing://:secret@h":             "scheme",
		"redis://":                              "no host",
		"redis://:se/secret@host":               "not valid",
		"redis://:secret@host:port":             "not valid",
		"redis://:secret@host:70000":            "port",
		"redis://:secret@host:0":                "port",
		"redis://:secret@host/zero":             "database",
		"redis://:secret@host/1?db=2":           "two databases",
		"redis://:secret@host?nothing=secret":   "unknown parameter \"nothing\"",
		"redis://:secret@host?master=secret":    "means nothing for standalone",
		"redis://:secret@host?ca_file=x":        "rediss",
		"redis://:secret@host?db=1&db=1":        "more than once",
		"redis+cluster://:secret@host/1":        "database 0 alone",
		"redis+sentinel://:secret@host":         "names no master",
		"rediss://:secret@host?ca_file=/none":   "/none",
		"rediss://:secret@host?ca_file=" + noCA: "no certificate",
		"unix://:secret@host/path":              "no socket",
		"unix://":                               "no socket",
	} {
		_, err := parse(url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v has no %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: error %v tells the secret", url, err)
		}
	}
}

// FuzzURL looks for a URL whose password is told by an error or by the name.
func FuzzURL(f *testing.F) {
	f.Add("redis", "host:6379/1?db=1")
	f.Add("rediss+sentinel", "host?addr=b&master=m&sentinel_user=u")
	f.Add("unix", "/path")
	f.Add("redis+cluster", "[::1]:99999/0")
	f.Fuzz(func(t *testing.T, scheme, rest string) {
		const secret = "hUnter2-hUnter2"
		got, err := parse(scheme + "://user:" + secret + "@" + rest)
		if err != nil && strings.Contains(err.Error(), secret) && !strings.Contains(scheme+rest, secret) {
			t.Errorf("the error tells the password: %v", err)
		}
		if err == nil && (strings.Contains(got.name, secret) && !strings.Contains(rest, secret) || len(got.options.InitAddress) == 0) {
			t.Errorf("understood as %q at %q", got.name, got.options.InitAddress)
		}
	})
}
