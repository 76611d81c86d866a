package redis_test

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/redis"
	"magpie.build/packages/pubsub/redis/redistest"
)

func TestOpeningSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	plain := redistest.Start(t, redistest.Options{})
	locked := redistest.Start(t, redistest.Options{Password: "secret"})
	secure := redistest.Start(t, redistest.Options{TLS: true})
	for _, c := range []struct {
		name    string
		options redis.Options
		want    []string
	}{
		{"no URL", redis.Options{}, []string{"redis URL", "want redis://"}},
		{"a prefix with braces", redis.Options{URL: plain.URL(), Prefix: "{a}"}, []string{"prefix", "brace"}},
		{"a lease too short", redis.Options{URL: plain.URL(), Lease: time.Millisecond}, []string{"lease", "300ms"}},
		{"nobody there", redis.Options{URL: "redis://" + unused(t)}, []string{"127.0.0.1:", "is it running there"}},
		{"no socket there", redis.Options{URL: "unix:///nowhere/redis.sock"}, []string{"/nowhere/redis.sock", "is it running there"}},
		{"a wrong password", redis.Options{URL: "redis://:wrong-secret@" + locked.Addr}, []string{locked.Addr, "refuses the user name or password"}},
		{"a wrong user", redis.Options{URL: "redis://nobody:wrong-secret@" + locked.Addr}, []string{locked.Addr, "refuses the user name or password"}},
		{"no password", redis.Options{URL: "redis://" + locked.Addr}, []string{locked.Addr, "asks for a password"}},
		{"no such database", redis.Options{URL: plain.URL() + "/999"}, []string{"does not have that database"}},
		{"a CA nobody knows", redis.Options{URL: "rediss://" + secure.Addr}, []string{secure.Addr, "?ca_file="}},
		{"another server name", redis.Options{URL: secure.URL() + "&server_name=example.com"}, []string{secure.Addr, "?server_name="}},
		{"TLS where none is", redis.Options{URL: "rediss://" + plain.Addr, Timeout: 2 * time.Second}, []string{plain.Addr, "TLS"}},
		{"no TLS where some is", redis.Options{URL: "redis://" + secure.Addr, Timeout: 2 * time.Second}, []string{secure.Addr, "TLS"}},
		{"no cluster", redis.Options{URL: "redis+cluster://" + plain.Addr}, []string{plain.Addr, "not a cluster"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, err := redis.Open(t.Context(), c.options)
			if err == nil {
				t.Fatal("it opened", b.Close())
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%q tells the password", err)
			}
			t.Log(err)
		})
	}
}

func TestServersAreReachedInEveryWay(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Options{Password: "p:a/s?s"})
	secure := redistest.Start(t, redistest.Options{TLS: true})
	for name, url := range map[string]string{
		"socket":      "unix://:p%3Aa%2Fs%3Fs@" + server.Socket,
		"password":    server.URL(),
		"database":    server.URL() + "/3",
		"server name": strings.Replace(secure.URL(), "127.0.0.1", "localhost", 1) + "&server_name=localhost",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, redis.Options{URL: url})
			position, err := b.Publish(t.Context(), "a", nil, pubsub.PublishOptions{HistorySize: 1})
			if err = errors.Join(err, b.Close()); err != nil || position.Offset == 0 {
				t.Errorf("published at %v, %v", position, err)
			}
		})
	}
}

// lines are a log that may be written to at once.
type lines struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *lines) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(text)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

// unused returns an address where nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}
