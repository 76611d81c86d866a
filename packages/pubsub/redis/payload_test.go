package redis

import (
	"fmt"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
)

func TestPayloadsAreUnderstood(t *testing.T) {
	p, err := parsePayload("p12 EPOCH 1700000000123\nda\nta")
	want := pubsub.Publication{Position: pubsub.Position{Epoch: "EPOCH", Offset: 12}, Time: time.UnixMilli(1700000000123), Data: []byte("da\nta")}
	if err != nil || fmt.Sprint(p.publication) != fmt.Sprint(want) || p.presence != nil {
		t.Errorf("understood as %+v, %v", p, err)
	}
	p, err = parsePayload("x12 EPOCH")
	if err != nil || p.removed == nil || *p.removed != (pubsub.Position{Epoch: "EPOCH", Offset: 12}) || p.presence != nil {
		t.Errorf("understood as %+v, %v", p.removed, err)
	}
	p, err = parsePayload("-5 a b c3 adadata")
	if err != nil || p.presence == nil || p.presence.Member.ID != "a b c" || p.presence.Member.User != "ada" || string(p.presence.Member.Data) != "data" || !p.presence.Left {
		t.Errorf("understood as %+v, %v", p.presence, err)
	}
	p, err = parsePayload("#10000 9000")
	if err != nil || p.stats == nil || *p.stats != (pubsub.PresenceStats{Members: 10000, Users: 9000}) {
		t.Errorf("understood as %+v, %v", p.stats, err)
	}
}

// FuzzPayload reads messages that anybody with access to the server may have published.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{
		"", "e", "edata", "p", "p1 E 2\ndata", "p0 E 2\n", "p1  2\n", "p-1 E 2\n", "p1 E F 2\n", "p99999999999999999999 E 2\n",
		"+3 ada0 Ada", "-3 ada4 user", "-3 ada5 user", "-3 ada", "#1 2", "#1", "#-1 2", "#99999999999 1",
		"+0 ", "+4 ada", "+99999999999 x", "x", "x1 E", "x0 E", "x1 ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, message string) {
		p, err := parsePayload(message)
		if err != nil {
			return
		}
		at := p.publication.Position
		if (at.Offset == 0) != (at.Epoch == "") {
			t.Errorf("%q has position %v", message, at)
		}
		if p.removed != nil && (p.removed.Offset == 0 || p.removed.Epoch == "") {
			t.Errorf("%q removes up to %v", message, *p.removed)
		}
		if p.presence != nil && p.presence.Member.ID == "" {
			t.Errorf("%q has a member without id", message)
		}
		if p.presence != nil {
			again, err := parsePayload(eventText(*p.presence))
			if err != nil || again.presence == nil || fmt.Sprint(*again.presence) != fmt.Sprint(*p.presence) {
				t.Errorf("%q became %+v, and that %+v, %v", message, p.presence, again.presence, err)
			}
		}
	})
}

func TestFeedsLeadBackToTheirChannels(t *testing.T) {
	k := keys{"p"}
	for _, channel := range []string{"a", "{a}", "}{", "%", "%7B", "%257B", "a:b"} {
		if got, ok := k.channel(k.feed(channel)); !ok || got != channel {
			t.Errorf("%q became %q", channel, got)
		}
	}
	for _, feed := range []string{"", "p:feed:", "p:feed:{a", "q:feed:{a}", k.probe("x")} {
		if got, ok := k.channel(feed); ok {
			t.Errorf("%q is no channel's, but became %q", feed, got)
		}
	}
}
