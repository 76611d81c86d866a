package realtime_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

var all = realtime.Target{User: "mary"}

// connected dials, connects with a token and returns the client and the answer.
func connected(t *testing.T, s *server, token string) (c *client, reply string) {
	t.Helper()
	c = dial(t, s.url)
	return c, c.call(`{"id":1,"connect":{"token":"` + token + `"}}`)
}

// idOf is a client's id, from the answer to its connect.
func idOf(t *testing.T, reply string) string {
	t.Helper()
	var r struct{ Connect struct{ Client string } }
	if err := json.Unmarshal([]byte(reply), &r); err != nil || r.Connect.Client == "" {
		t.Fatalf("no client in %s: %v", reply, err)
	}
	return r.Connect.Client
}

func TestClientIsSubscribedWithItsConnection(t *testing.T) {
	s := serve(t, realtime.Options{})
	s.publish(t, "room:1", `"before"`)
	c, reply := connected(t, s, "mary in room:1,plain")
	if !strings.Contains(reply, `"subs":{`) || !strings.Contains(reply, `"room:1":{"recoverable":true,"positioned":true,"epoch":`) || !strings.Contains(reply, `"plain":{}`) {
		t.Errorf("got %s", reply)
	}
	s.publish(t, "room:1", `"now"`)
	if got := c.next(); !strings.Contains(got, `"channel":"room:1","pub":{"data":"now","offset":2`) {
		t.Errorf("got %s", got)
	}
	if got := c.call(`{"id":2,"subscribe":{"channel":"room:1"}}`); !strings.Contains(got, `"code":105`) {
		t.Errorf("subscribed twice: %s", got)
	}
	if got := c.call(`{"id":3,"unsubscribe":{"channel":"room:1"}}`); got != `{"id":3,"unsubscribe":{}}` {
		t.Errorf("got %s", got)
	}
}

func TestClientRecoversWhatItIsSubscribedToWithItsConnection(t *testing.T) {
	s := serve(t, realtime.Options{})
	at := s.publish(t, "room:1", `"one"`)
	s.publish(t, "room:1", `"two"`)
	got := dial(t, s.url).call(`{"id":1,"connect":{"token":"mary in room:1","subs":{"room:1":{"recover":true,"offset":1,"epoch":"` + at.Epoch + `"}}}}`)
	if !strings.Contains(got, `"recovered":true`) || !strings.Contains(got, `"publications":[{"data":"two"`) || strings.Contains(got, `"one"`) {
		t.Errorf("got %s", got)
	}
}

func TestConnectionComesWithAllItsChannelsOrNotAtAll(t *testing.T) {
	s := serve(t, realtime.Options{MaxChannels: 1})
	_, reply := connected(t, s, "mary in room:1,plain")
	if !strings.Contains(reply, `"code":106`) {
		t.Errorf("got %s", reply)
	}
	eventually(t, "nothing is left of it", func() bool { return s.hub.Stats().Subscriptions == 0 && s.hub.Users() == 0 })
}

func TestServerSubscribesAndUnsubscribesItsUsers(t *testing.T) {
	s := serve(t, realtime.Options{})
	one, reply := connected(t, s, "mary")
	two, _ := connected(t, s, "mary")
	other, _ := connected(t, s, "paul")
	at := s.publish(t, "room:1", `"one"`)
	s.publish(t, "room:1", `"two"`)
	since := &pubsub.Position{Epoch: at.Epoch, Offset: 1}
	offer := realtime.SubscribeReply{Recoverable: true, Data: json.RawMessage(`{"hello":1}`)}
	if err := s.hub.Subscribe(t.Context(), all, "room:1", offer, since); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*client{one, two} {
		if got, want := c.next(), `{"push":{"channel":"room:1","subscribe":{"recoverable":true,"positioned":true,"epoch":"`+at.Epoch+`","offset":1,"data":{"hello":1}}}}`; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := c.next(); !strings.Contains(got, `"pub":{"data":"two","offset":2`) {
			t.Errorf("missed: %s", got)
		}
	}
	if err := s.hub.Subscribe(t.Context(), all, "room:1", offer, nil); err != nil {
		t.Errorf("again: %v", err)
	}
	if got := s.hub.Channels(); len(got) != 1 || got["room:1"] != 2 {
		t.Errorf("channels %v", got)
	}
	// Only one of the two, which is told.
	if err := s.hub.Unsubscribe(t.Context(), realtime.Target{User: "mary", Client: idOf(t, reply)}, "room:1"); err != nil {
		t.Fatal(err)
	}
	if got := one.next(); got != `{"push":{"channel":"room:1","unsubscribe":{"code":2000,"reason":"server unsubscribe"}}}` {
		t.Errorf("got %s", got)
	}
	s.publish(t, "room:1", `"three"`)
	if got := two.next(); !strings.Contains(got, `"three"`) {
		t.Errorf("got %s", got)
	}
	for name, c := range map[string]*client{"who was unsubscribed": one, "another user": other} {
		if got := c.call(`{"id":9,"rpc":{"method":"echo","data":1}}`); got != `{"id":9,"rpc":{"data":1}}` {
			t.Errorf("%s hears %s", name, got)
		}
	}
}

func TestServerDisconnectsWhomItMeans(t *testing.T) {
	s := serve(t, realtime.Options{})
	one, _ := connected(t, s, "mary")
	two, reply := connected(t, s, "mary")
	other, _ := connected(t, s, "paul")
	s.hub.Disconnect(realtime.Target{User: "mary", Except: []string{idOf(t, reply)}}, realtime.DisconnectForced)
	if got := one.next(); got != "close 3503 force disconnect" {
		t.Errorf("got %s", got)
	}
	if n := s.hub.DisconnectMatching(func(c realtime.Client) bool { return c.Credential.TokenID == "paul" }, realtime.DisconnectInvalidToken); n != 1 {
		t.Errorf("%d matched", n)
	}
	if got := other.next(); got != "close 3500 invalid token" {
		t.Errorf("got %s", got)
	}
	if got := two.call(`{"id":2,"refresh":{"token":"fresh"}}`); !strings.Contains(got, `"refresh":{"expires":true`) {
		t.Errorf("got %s", got)
	}
	if n := s.hub.DisconnectMatching(func(c realtime.Client) bool { return c.Credential.TokenID == "mary" }, realtime.DisconnectInvalidToken); n != 0 {
		t.Error("a connection is held by a token that it has replaced")
	}
	eventually(t, "one is left", func() bool { return s.hub.Users() == 1 })
}

func TestPositionedSubscriptionIsToldOfAHole(t *testing.T) {
	s := serve(t, realtime.Options{})
	at := s.publish(t, "position:1", `1`)
	c, _ := connected(t, s, "mary")
	got := c.call(`{"id":2,"subscribe":{"channel":"position:1","recover":true,"epoch":"` + at.Epoch + `"}}`)
	if !strings.Contains(got, `"positioned":true`) || strings.Contains(got, "recover") {
		t.Errorf("got %s", got)
	}
	s.hub.HandleBreak("position:1", at)
	if got := c.next(); !strings.Contains(got, `"unsubscribe":{"code":2500`) {
		t.Errorf("got %s", got)
	}
}

func TestServersSubscriptionThatHasAHoleEndsItsConnection(t *testing.T) {
	s := serve(t, realtime.Options{})
	at := s.publish(t, "room:1", `1`)
	c, _ := connected(t, s, "mary in room:1")
	s.hub.HandleBreak("room:1", at)
	if got := c.next(); got != "close 3010 insufficient state" {
		t.Errorf("got %s", got)
	}
}

func TestSubscriptionThatNobodyRefreshesEnds(t *testing.T) {
	inBubble(t, realtime.Options{}, func(t *testing.T, connect func() *client) {
		t.Helper()
		c := connect()
		c.call(`{"id":1,"connect":{"token":"mary"}}`)
		start := time.Now()
		if got := c.call(`{"id":2,"subscribe":{"channel":"brief:1"}}`); got != `{"id":2,"subscribe":{"expires":true,"ttl":30}}` {
			t.Error(got)
		}
		got, waited := c.ponging(), time.Since(start)
		if got != `{"push":{"channel":"brief:1","unsubscribe":{"code":2501,"reason":"subscription expired"}}}` || waited < 55*time.Second || waited > 57*time.Second {
			t.Errorf("after %v: %s", waited, got)
		}
		if got := c.call(`{"id":3,"subscribe":{"channel":"brief:1"}}`); got != `{"id":3,"subscribe":{"expires":true,"ttl":30}}` {
			t.Errorf("again: %s", got)
		}
	})
}

func TestRefreshedSubscriptionGoesOn(t *testing.T) {
	inBubble(t, realtime.Options{}, func(t *testing.T, connect func() *client) {
		t.Helper()
		c := connect()
		c.call(`{"id":1,"connect":{"token":"mary"}}`)
		start := time.Now()
		c.call(`{"id":2,"subscribe":{"channel":"brief:1"}}`)
		if got := c.call(`{"id":3,"sub_refresh":{"channel":"brief:1","token":"more"}}`); got != `{"id":3,"sub_refresh":{"expires":true,"ttl":60}}` {
			t.Error(got)
		}
		if got := c.call(`{"id":4,"sub_refresh":{"channel":"brief:1","token":"expired"}}`); !strings.Contains(got, `"code":109`) {
			t.Error(got)
		}
		if got := c.call(`{"id":5,"sub_refresh":{"channel":"brief:2","token":"more"}}`); !strings.Contains(got, `"code":103`) {
			t.Error(got)
		}
		if got, waited := c.ponging(), time.Since(start); !strings.Contains(got, `"code":2501`) || waited < 85*time.Second || waited > 87*time.Second {
			t.Errorf("after %v: %s", waited, got)
		}
	})
}

func TestServerMovesTheEndOfAConnection(t *testing.T) {
	s := serve(t, realtime.Options{})
	c, _ := connected(t, s, "mary")
	if err := s.hub.Refresh(t.Context(), all, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := c.next(); got != `{"push":{"channel":"","refresh":{"expires":true,"ttl":60}}}` && got != `{"push":{"refresh":{"expires":true,"ttl":60}}}` {
		t.Errorf("got %s", got)
	}
}

func TestSubscribingAndOrdersDoNotMix(t *testing.T) {
	s := serve(t, realtime.Options{CommandsPerSecond: -1})
	c, _ := connected(t, s, "mary")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			_ = s.hub.Subscribe(t.Context(), all, "people:1", offers["people"], nil)
			_ = s.hub.Unsubscribe(t.Context(), all, "people:1")
		}
	}()
	for range 200 {
		c.send(`{"id":2,"subscribe":{"channel":"people:1"}}` + "\n" + `{"id":3,"unsubscribe":{"channel":"people:1"}}`)
	}
	<-done
	c.send(`{"id":4,"unsubscribe":{"channel":"people:1"}}` + "\n" + `{"id":5,"rpc":{"method":"echo","data":1}}`)
	for c.next() != `{"id":5,"rpc":{"data":1}}` {
		continue
	}
	eventually(t, "the channel is empty", func() bool {
		members, err := s.hub.Members(t.Context(), "people:1")
		return err == nil && len(members) == 0 && s.hub.Stats().Subscriptions == 0 && s.hub.Stats().Channels == 0
	})
}
