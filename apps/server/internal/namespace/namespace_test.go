package namespace_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"magpie.build/apps/server/internal/namespace"
)

func newSet(t *testing.T, options map[string]namespace.Options) *namespace.Set {
	t.Helper()
	set, err := namespace.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestChannelsBelongToTheNamespaceBeforeTheirColon(t *testing.T) {
	set := newSet(t, map[string]namespace.Options{
		"default": {HistorySize: 1},
		"news":    {HistorySize: 2, Pattern: `[a-z]+(:[0-9]+)?`, MaxLength: 20},
		"talk":    {HistorySize: 3, UserLimited: true},
	})
	for channel, want := range map[string]any{
		"lobby":                           1,
		"news:sport":                      2,
		"news:sport:1":                    2,
		"talk:x#ada,bob":                  3,
		"unknown:x":                       namespace.ErrUnknown,
		"$session-key":                    namespace.ErrUnknown,
		"default:x":                       namespace.ErrUnknown,
		":x":                              namespace.ErrUnknown,
		"":                                namespace.ErrName,
		"news:":                           namespace.ErrName,
		"news:Sport":                      namespace.ErrName,
		"news:sport ":                     namespace.ErrName,
		"news:sport\n":                    namespace.ErrName,
		"news:xsport:1x":                  namespace.ErrName,
		"news:" + strings.Repeat("s", 20): namespace.ErrName,
		"lobby#ada":                       namespace.ErrName,
		"lob\x1b[31mby":                   namespace.ErrName,
		"lob\xffby":                       namespace.ErrName,
		strings.Repeat("l", 256):          namespace.ErrName,
	} {
		n, err := set.Find(channel)
		if wanted, ok := want.(error); ok && !errors.Is(err, wanted) || !ok && (err != nil || n.HistorySize != want) {
			t.Errorf("%q: %d, %v, want %v", channel, n.HistorySize, err, want)
		}
	}
}

func TestWhoMaySubscribe(t *testing.T) {
	for _, c := range []struct {
		who                                   namespace.Who
		anonymous, user, listed, another, tok bool
	}{
		{who: ""},
		{who: namespace.Nobody},
		{who: namespace.Token, listed: true, tok: true},
		{who: namespace.Authenticated, user: true, listed: true, tok: true},
		{who: namespace.Anybody, anonymous: true, user: true, listed: true, tok: true},
	} {
		set := newSet(t, map[string]namespace.Options{"talk": {Subscribe: c.who, UserLimited: true}})
		n, err := set.Find("talk:x")
		if err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string][2]bool{
			"somebody anonymous":                    {n.MaySubscribe("talk:x", ""), c.anonymous},
			"a user":                                {n.MaySubscribe("talk:x", "ada"), c.user},
			"a user of the list":                    {n.MaySubscribe("talk:x#ada,bob", "bob"), c.listed},
			"a user who is not of it":               {n.MaySubscribe("talk:x#ada,bob", "eve"), c.another},
			"a part of a user's name":               {n.MaySubscribe("talk:x#ada,bob", "ad"), false},
			"the whole list":                        {n.MaySubscribe("talk:x#ada,bob", "ada,bob"), false},
			"somebody anonymous in an empty list":   {n.MaySubscribe("talk:x#", ""), false},
			"somebody anonymous in a list with gap": {n.MaySubscribe("talk:x#ada,,bob", ""), false},
			"who has a token":                       {n.TakesTokens(), c.tok},
		} {
			if got[0] != got[1] {
				t.Errorf("subscribe=%q lets %s: %v", c.who, name, got[0])
			}
		}
	}
}

func TestWhoMayPublish(t *testing.T) {
	for who, want := range map[namespace.Who][4]bool{
		"":                      {},
		namespace.Nobody:        {},
		namespace.Subscribers:   {false, true, false, true},
		namespace.Authenticated: {false, false, true, true},
		namespace.Anybody:       {true, true, true, true},
	} {
		n, err := newSet(t, map[string]namespace.Options{"talk": {Publish: who}}).Find("talk:x")
		if err != nil {
			t.Fatal(err)
		}
		got := [4]bool{n.MayPublish("", false), n.MayPublish("", true), n.MayPublish("ada", false), n.MayPublish("ada", true)}
		if got != want {
			t.Errorf("publish=%q: %v, want %v", who, got, want)
		}
	}
}

func TestOptionsThatCannotBeAreRefusedTogether(t *testing.T) {
	_, err := namespace.New(map[string]namespace.Options{
		"a": {Recovery: true},
		"b": {Pattern: "(", Publish: "token", Subscribe: "subscribers"},
		"c": {HistorySize: 10_001},
		"d": {HistoryTTL: time.Second},
		"e": {HistorySize: 1, Recovery: true, Positioning: true, HistoryTTL: time.Second},
	})
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{`"a": recovery`, `"b": its pattern`, `"b": publish`, `"b": subscribe`, `"c": it would keep`, `"d": recovery`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
	if strings.Contains(err.Error(), `"e"`) {
		t.Errorf("got %v", err)
	}
}
