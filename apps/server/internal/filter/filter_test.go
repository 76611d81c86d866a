package filter_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"magpie.build/apps/server/internal/filter"
)

func parse(t *testing.T, text string) filter.Node {
	t.Helper()
	var n filter.Node
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAPublicationIsWantedByItsTags(t *testing.T) {
	tags := map[string]string{"team": "eng", "price": "10.50", "empty": "", "name": "ada lovelace"}
	for text, want := range map[string]bool{
		`{"key":"team","cmp":"eq","val":"eng"}`:                                                 true,
		`{"key":"team","cmp":"eq","val":"ENG"}`:                                                 false,
		`{"key":"none","cmp":"eq","val":"eng"}`:                                                 false,
		`{"key":"team","cmp":"neq","val":"eng"}`:                                                false,
		`{"key":"team","cmp":"neq","val":"ops"}`:                                                true,
		`{"key":"none","cmp":"neq","val":"ops"}`:                                                true,
		`{"key":"team","cmp":"in","vals":["ops","eng"]}`:                                        true,
		`{"key":"team","cmp":"in","vals":["ops"]}`:                                              false,
		`{"key":"none","cmp":"in","vals":["ops"]}`:                                              false,
		`{"key":"team","cmp":"nin","vals":["ops","eng"]}`:                                       false,
		`{"key":"team","cmp":"nin","vals":["ops"]}`:                                             true,
		`{"key":"none","cmp":"nin","vals":["ops"]}`:                                             true,
		`{"key":"empty","cmp":"ex"}`:                                                            true,
		`{"key":"none","cmp":"ex"}`:                                                             false,
		`{"key":"empty","cmp":"nex"}`:                                                           false,
		`{"key":"none","cmp":"nex"}`:                                                            true,
		`{"key":"name","cmp":"sw","val":"ada"}`:                                                 true,
		`{"key":"name","cmp":"sw","val":"lovelace"}`:                                            false,
		`{"key":"name","cmp":"ew","val":"lovelace"}`:                                            true,
		`{"key":"name","cmp":"ew","val":"ada"}`:                                                 false,
		`{"key":"name","cmp":"ct","val":"a l"}`:                                                 true,
		`{"key":"name","cmp":"ct","val":"byron"}`:                                               false,
		`{"key":"price","cmp":"gt","val":"9.9"}`:                                                true,
		`{"key":"price","cmp":"gt","val":"10.5"}`:                                               false,
		`{"key":"price","cmp":"gte","val":"010.5"}`:                                             true,
		`{"key":"price","cmp":"lt","val":"10.51"}`:                                              true,
		`{"key":"price","cmp":"lt","val":"-11"}`:                                                false,
		`{"key":"price","cmp":"lte","val":"+10.500"}`:                                           true,
		`{"key":"price","cmp":"lte","val":"10"}`:                                                false,
		`{"key":"name","cmp":"gt","val":"1"}`:                                                   false,
		`{"key":"name","cmp":"lte","val":"1"}`:                                                  false,
		`{"key":"none","cmp":"lt","val":"1"}`:                                                   false,
		`{"key":"price","cmp":"gt","val":"a lot"}`:                                              false,
		`{"op":"not","nodes":[{"key":"team","cmp":"ex"}]}`:                                      false,
		`{"op":"not","nodes":[{"key":"none","cmp":"ex"}]}`:                                      true,
		`{"op":"and","nodes":[{"key":"team","cmp":"ex"},{"key":"price","cmp":"gt","val":"1"}]}`: true,
		`{"op":"and","nodes":[{"key":"team","cmp":"ex"},{"key":"none","cmp":"ex"}]}`:            false,
		`{"op":"or","nodes":[{"key":"none","cmp":"ex"},{"key":"team","cmp":"ex"}]}`:             true,
		`{"op":"or","nodes":[{"key":"none","cmp":"ex"},{"key":"none","cmp":"eq","val":"x"}]}`:   false,
		`{"op":"or","nodes":[{"key":"none","cmp":"ex"},{"op":"not","nodes":[{"op":"and","nodes":[{"key":"none","cmp":"ex"}]}]}]}`:      true,
		`{"op":"and","nodes":[{"op":"or","nodes":[{"key":"team","cmp":"eq","val":"ops"},{"key":"team","cmp":"eq","val":"support"}]}]}`: false,
	} {
		n := parse(t, text)
		if err := n.Check(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got := n.Match(tags); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	n := parse(t, `{"key":"team","cmp":"nex"}`)
	if !n.Match(nil) {
		t.Error("a publication without tags has one")
	}
}

func TestFiltersThatMeanNothingAreRefused(t *testing.T) {
	leaf := `{"key":"a","cmp":"ex"}`
	for _, text := range []string{
		`{}`,
		`{"key":"a"}`,
		`{"key":"a","cmp":"like","val":"b"}`,
		`{"cmp":"eq","val":"b"}`,
		`{"cmp":"in","vals":["b"]}`,
		`{"key":"a","cmp":"eq"}`,
		`{"key":"a","cmp":"eq","val":"b","vals":["c"]}`,
		`{"key":"a","cmp":"in","val":"b"}`,
		`{"key":"a","cmp":"in","vals":["c"],"val":"b"}`,
		`{"key":"a","cmp":"nin"}`,
		`{"key":"a","cmp":"ex","val":"b"}`,
		`{"key":"a","cmp":"nex","vals":["b"]}`,
		`{"op":"xor","nodes":[` + leaf + `]}`,
		`{"op":"and"}`,
		`{"op":"or","nodes":[]}`,
		`{"op":"not"}`,
		`{"op":"not","nodes":[` + leaf + `,` + leaf + `]}`,
		`{"op":"and","nodes":[` + leaf + `,null]}`,
		`{"op":"and","nodes":[{"op":"or","nodes":[{"op":"not","nodes":[{}]}]}]}`,
		`{"op":"and","nodes":[` + strings.Repeat(leaf+`,`, filter.MaxNodes-1) + leaf + `]}`,
		strings.Repeat(`{"op":"not","nodes":[`, filter.MaxNodes) + leaf + strings.Repeat(`]}`, filter.MaxNodes),
	} {
		n := parse(t, text)
		if err := n.Check(); err == nil {
			t.Errorf("%.100s was taken", text)
		}
	}
	most := parse(t, `{"op":"and","nodes":[`+strings.Repeat(leaf+`,`, filter.MaxNodes-2)+leaf+`]}`)
	if err := most.Check(); err != nil {
		t.Error(err)
	}
}

// FuzzNumbers compares numbers as exact fractions do.
func FuzzNumbers(f *testing.F) {
	for _, seed := range [][2]string{
		{"1", "2"},
		{"-1", "1"},
		{"-2", "-10"},
		{"0", "-0.0"},
		{"1.5", "1.50"},
		{"1.05", "1.5"},
		{"00012", "12"},
		{"9", "10"},
		{"", "1"},
		{".5", "1"},
		{"1.", "1"},
		{"+1", "1"},
		{"1e9", "1"},
		{"--1", "1"},
		{"-+1", "1"},
		{"0x1", "1"},
		{"1_0", "1"},
		{"1/2", "1"},
		{"123456789012345678901234567890.000000000000000000001", "123456789012345678901234567890"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := fraction(a), fraction(b)
		for cmp, want := range map[string]func(order int) bool{
			"gt": func(o int) bool { return o > 0 }, "gte": func(o int) bool { return o >= 0 },
			"lt": func(o int) bool { return o < 0 }, "lte": func(o int) bool { return o <= 0 },
		} {
			n := filter.Node{Key: "k", Cmp: cmp, Val: b}
			if got := n.Match(map[string]string{"k": a}); got != (x != nil && y != nil && want(x.Cmp(y))) {
				t.Errorf("%q %s %q: %t", a, cmp, b, got)
			}
		}
	})
}

// fraction reads a number, or returns nil for what the filter is not to take for one.
func fraction(text string) *big.Rat {
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || strings.Trim(digits, "0123456789.") != "" || strings.Count(digits, ".") > 1 ||
		strings.HasPrefix(digits, ".") || strings.HasSuffix(digits, ".") {
		return nil
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return n
}
