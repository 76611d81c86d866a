package avatar_test

import (
	"strconv"
	"testing"
	"unicode/utf8"

	"magpie.build/packages/ui/avatar"
)

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Ada Lovelace":          "AL",
		"Grace Brewster Hopper": "GH",
		"bo":                    "B",
		"émile zola":            "ÉZ",
		"由紀 田中":                 "由田",
		"  spaced   out  ":      "SO",
		"jean-luc":              "JL",
		"@handle_42":            "H4",
		"":                      "?",
		"🎉":                     "?",
	} {
		if got := avatar.Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestHueIsLastingAndUsesAllColours(t *testing.T) {
	seen := map[string]int{}
	for i := range 1200 {
		seen[avatar.Hue("user-"+strconv.Itoa(i))]++
	}
	for hue := range 12 {
		if n := seen[strconv.Itoa(hue)]; n < 50 {
			t.Errorf("hue %d was given to %d of 1200 people", hue, n)
		}
	}
	if len(seen) != 12 {
		t.Errorf("there are %d hues, avatar.css has 12", len(seen))
	}
	if got := avatar.Hue("u-ada"); got != "5" {
		t.Errorf("u-ada has hue %s: everybody's colour has changed", got)
	}
}

func FuzzInitials(f *testing.F) {
	f.Add("Ada Lovelace")
	f.Add("\xff \xfe")
	f.Fuzz(func(t *testing.T, name string) {
		if got := avatar.Initials(name); got == "" || utf8.RuneCountInString(got) > 6 {
			t.Errorf("Initials(%q) = %q", name, got)
		}
	})
}
