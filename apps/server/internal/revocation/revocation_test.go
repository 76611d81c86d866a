package revocation_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"magpie.build/apps/server/internal/control"
	"magpie.build/apps/server/internal/revocation"
	"magpie.build/apps/server/internal/token"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// nobody handles what no watcher does.
type nobody struct{}

func (nobody) HandlePublication(string, pubsub.Publication)     {}
func (nobody) HandlePresence(string, pubsub.PresenceEvent)      {}
func (nobody) HandlePresenceStats(string, pubsub.PresenceStats) {}
func (nobody) HandleBreak(string, pubsub.Position)              {}

// start runs a server's list; changed gets a value for each change.
func start(t *testing.T, inner pubsub.Broker) (list *revocation.List, changed chan struct{}) {
	t.Helper()
	changed = make(chan struct{}, 100)
	broker := control.New(inner)
	list = revocation.New(broker, revocation.Options{
		Changed: func() { changed <- struct{}{} },
		Now:     func() time.Time { return now },
	})
	ctx, cancel := context.WithCancel(t.Context())
	if err := list.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() { _ = broker.Run(ctx, nobody{}) })
	running.Go(func() { _ = list.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return list, changed
}

func open(t *testing.T) *memory.Broker {
	t.Helper()
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	return broker
}

func TestTokensAreCalledBack(t *testing.T) {
	list, _ := start(t, open(t))
	for _, rule := range []revocation.Rule{
		{TokenID: "stolen"},
		{TokenID: "long gone", Until: now.Add(-time.Second).Unix()},
		{TokenID: "over soon", Until: now.Add(time.Hour).Unix()},
		{User: "eve"},
		{User: "mary", IssuedBefore: now.Add(-time.Hour).Unix()},
		{User: "mary", IssuedBefore: now.Add(-2 * time.Hour).Unix(), Until: now.Add(time.Minute).Unix()},
		{User: "paul", Channel: "news"},
	} {
		if err := list.Revoke(t.Context(), rule); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		credential token.Credential
		want       bool
	}{
		"by its id":              {token.Credential{ID: "stolen"}, true},
		"by its id, for a while": {token.Credential{ID: "over soon"}, true},
		"one that is over":       {token.Credential{ID: "long gone"}, false},
		"without an id":          {token.Credential{}, false},
		"by its user":            {token.Credential{ID: "x", User: "eve", IssuedAt: now.Add(-time.Second)}, true},
		"by its user, untimed":   {token.Credential{User: "eve"}, true},
		"issued since":           {token.Credential{User: "eve", IssuedAt: now}, false},
		"before the moment":      {token.Credential{User: "mary", IssuedAt: now.Add(-61 * time.Minute)}, true},
		"after the moment":       {token.Credential{User: "mary", IssuedAt: now.Add(-59 * time.Minute)}, false},
		"of the channel":         {token.Credential{User: "paul", Channel: "news"}, true},
		"of another channel":     {token.Credential{User: "paul", Channel: "jobs"}, false},
		"the connection's":       {token.Credential{User: "paul"}, false},
		"any channel's":          {token.Credential{User: "eve", Channel: "news"}, true},
		"somebody else's":        {token.Credential{ID: "y", User: "ada"}, false},
	} {
		if got := list.Revoked(c.credential); got != c.want {
			t.Errorf("%s: revoked is %v", name, got)
		}
	}
}

func TestEveryServerHearsOfIt(t *testing.T) {
	// Two lists cannot share a memory broker, which has one handler: what counts is that the second
	// hears what the first never told it.
	broker := open(t)
	list, changed := start(t, broker)
	rule := []byte(`{"token":"stolen"}`)
	if _, err := broker.Publish(t.Context(), "$revocations", rule, pubsub.PublishOptions{HistorySize: 10}); err != nil {
		t.Fatal(err)
	}
	<-changed
	if !list.Revoked(token.Credential{ID: "stolen"}) {
		t.Error("not revoked")
	}
}

func TestListIsReadWhenAServerStartsAndWhenItMissedSomething(t *testing.T) {
	broker := open(t)
	keep := pubsub.PublishOptions{HistorySize: 10}
	if _, err := broker.Publish(t.Context(), "$revocations", []byte(`{"token":"before"}`), keep); err != nil {
		t.Fatal(err)
	}
	list, changed := start(t, broker)
	if !list.Revoked(token.Credential{ID: "before"}) {
		t.Error("what was there at the start is not revoked")
	}
	if _, err := broker.Publish(t.Context(), "$revocations", []byte(`no rule`), keep); err != nil {
		t.Fatal(err)
	}
	<-changed
	list.HandleBreak("$revocations", pubsub.Position{})
	<-changed
	if !list.Revoked(token.Credential{ID: "before"}) {
		t.Error("a break loses what was there")
	}
	// Another life of the channel, of which only the end arrives.
	list.HandlePublication("$revocations", pubsub.Publication{Position: pubsub.Position{Epoch: "other", Offset: 7}, Data: []byte(`{"token":"seventh"}`)})
	if !list.Revoked(token.Credential{ID: "seventh"}) {
		t.Error("what arrives out of order does not count")
	}
}

func TestRulesThatCallNothingBackAreRefused(t *testing.T) {
	list, _ := start(t, open(t))
	for _, rule := range []revocation.Rule{{}, {TokenID: "a", User: "b"}, {Channel: "news"}, {TokenID: strings.Repeat("a", 2000)}} {
		if err := list.Revoke(t.Context(), rule); !errors.Is(err, revocation.ErrRule) {
			t.Errorf("%+v: %v", rule, err)
		}
	}
}
