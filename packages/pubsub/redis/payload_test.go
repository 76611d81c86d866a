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
	p, err = parsePayload("-5 a b cdata")
	if err != nil || p.presence == nil || p.presence.Member.ID != "a b c" || string(p.presence.Member.Data) != "data" || !p.presence.Left {
		t.Errorf("understood as %+v, %v", p.presence, err)
	}
}

// FuzzPayload reads messages that anybody with access to the server may have published.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{
		"", "e", "edata", "p", "p1 E 2\ndata", "p0 E 2\n", "p1  2\n", "p-1 E 2\n", "p1 E F 2\n", "p99999999999999999999 E 2\n",
		"+3 adaAda", "-3 ada", "+0 ", "+4 ada", "+99999999999 x", "x", "x1 E", "x0 E", "x1 ",
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
