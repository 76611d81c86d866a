package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/centrifugal/centrifuge-go"
	"github.com/centrifugal/gocent/v3"
	"github.com/golang-jwt/jwt/v5"

	"magpie.build/packages/pubsub/redis/redistest"
)

// hostileNames are names of channels that would be something else in a key of Redis, if they could.
var hostileNames = []string{
	"news:a", "news:{a}", "news:a}", "news:{a", "news:}{", "news:a}:{b", "news:%7Ba%7D", "news:*", "news:?", "news:[a]",
	`news:a\b`, "news:a b", "news:stream:{news:a}", "news:é",
}

func TestHostileNamesOfChannelsStayApart(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	for name, env := range map[string]string{
		"redis":  "REDIS_URL=" + redistest.Start(t, redistest.Options{}).URL(),
		"memory": "DATA_DIR=",
	} {
		t.Run(name, func(t *testing.T) {
			api := start(t, append([]string{env}, guarded...)...).api()
			for i, channel := range hostileNames {
				if _, err := api.Publish(t.Context(), channel, fmt.Appendf(nil, "%d", i)); err != nil {
					t.Fatalf("publish to %q: %v", channel, err)
				}
			}
			for i, channel := range hostileNames {
				history, err := api.History(t.Context(), channel, gocent.WithLimit(10))
				if err != nil || len(history.Publications) != 1 || string(history.Publications[0].Data) != fmt.Sprint(i) {
					t.Errorf("history of %q: %+v, %v", channel, history.Publications, err)
				}
			}
		})
	}
}

func TestHalfARequestIsNotWaitedFor(t *testing.T) {
	if testing.Short() {
		t.Skip("waits as long as a header may take")
	}
	s := start(t, guarded...)
	type outcome struct {
		name string
		took time.Duration
		err  error
	}
	outcomes := make(chan outcome)
	n := 0
	for port, address := range map[string]string{"public": s.url, "admin": s.adminURL, "api": s.apiURL} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		for what, half := range map[string]string{
			"nothing": "", "a line": "GET /connection/websocket HTTP/1.1\r\n", "a header": "POST /api/publish HTTP/1.1\r\nHost: x\r\nX-A: ",
		} {
			n++
			go func() {
				took, err := untilClosed(t, u.Host, half)
				outcomes <- outcome{port + " with " + what, took, err}
			}()
		}
	}
	for range n {
		if o := <-outcomes; o.err != nil || o.took > 3*headerTime {
			t.Errorf("%s was waited for %v: %v", o.name, o.took, o.err)
		}
	}
}

// untilClosed sends the beginning of a request, and returns how long the server waits for the rest.
func untilClosed(t *testing.T, host, half string) (time.Duration, error) {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", host)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	began := time.Now()
	if err := conn.SetDeadline(began.Add(patience)); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(conn, half); err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, conn)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return 0, fmt.Errorf("not closed: %w", err)
	}
	return time.Since(began), nil
}

// forged is a text that would be a line of its own in the log, red, and typed backwards.
const forged = "x\n2026-01-01T00:00:00Z ERROR forged level=ERROR\r\x1b[31mred\u009b31m\u202e\x00"

func TestLinesOfTheLogCannotBeForged(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var log bytes.Buffer
		Config{LogFormat: format}.logger(&log).Info("said", "channel", forged, "error", errors.New(forged), "origin", []string{forged})
		if lines := bytes.Count(log.Bytes(), []byte("\n")); lines != 1 {
			t.Errorf("%s: %d lines:\n%s", format, lines, &log)
		}
		for _, r := range strings.TrimSuffix(log.String(), "\n") {
			if unicode.IsControl(r) || r == '\u202e' {
				t.Errorf("%s: %U is in the log", format, r)
			}
		}
	}
}

func TestWhatClientsSayOfThemselvesForgesNoLog(t *testing.T) {
	s := start(t, append([]string{"LOG_LEVEL=debug", "NAMESPACES_DEFAULT_SUBSCRIBE=anybody"}, guarded...)...)
	m := s.connect(centrifuge.Config{Token: tokenOf(t, forged, jwt.MapClaims{"jti": forged}), Name: "x\n\x1b[31m", Version: "v\n\u009b31m"})
	m.hears(t, "connected")
	for _, channel := range []string{forged, "room:" + forged, "$" + forged} {
		sub, err := m.NewSubscription(channel)
		if err != nil {
			t.Fatal(err)
		}
		failed := make(chan struct{}, 1)
		sub.OnUnsubscribed(func(centrifuge.UnsubscribedEvent) { failed <- struct{}{} })
		if err := sub.Subscribe(); err != nil {
			t.Fatal(err)
		}
		<-failed
	}
	m.Close()
	s.stop()
	for line := range strings.Lines(s.log.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), unicode.IsControl) {
			t.Errorf("a line that is none: %q", line)
		}
	}
}
