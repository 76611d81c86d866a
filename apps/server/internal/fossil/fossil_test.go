package fossil_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	decoder "github.com/shadowspore/fossil-delta"

	"magpie.build/apps/server/internal/fossil"
)

var long = strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz ☃", 25)

// apply applies a delta with another's decoder.
func apply(t *testing.T, before, after []byte) (delta []byte) {
	t.Helper()
	delta = fossil.Delta(before, after)
	if made, err := decoder.Apply(before, delta); err != nil || !bytes.Equal(made, after) {
		t.Errorf("%q and %q make %q and not %q: %v", before, delta, made, after, err)
	}
	if utf8.Valid(before) && utf8.Valid(after) && !utf8.Valid(delta) {
		t.Errorf("the delta from %q to %q is no text: %q", before, after, delta)
	}
	return delta
}

func TestADeltaIsShortWhereTextsAreAlike(t *testing.T) {
	for name, test := range map[string]struct {
		before, after string
		most          int
	}{
		"the same":             {long, long, 20},
		"a change in between":  {long, long[:500] + "!" + long[501:], 40},
		"something more":       {long, long + "and more", 30},
		"something before":     {long, "before " + long, 30},
		"something less":       {long, long[:400] + long[600:], 40},
		"parts exchanged":      {long + "end", "end" + long[600:] + long[:600], 60},
		"several changes":      {long, strings.ReplaceAll(long, "xyz", "XYZ"), 25 * 20},
		"a character's end":    {long + "☃", long + "☂", 30},
		"nothing alike":        {long, strings.Repeat("Z", 100), 120},
		"from nothing":         {"", "abc", 20},
		"to nothing":           {"abc", "", 20},
		"from nothing to that": {"", "", 10},
	} {
		t.Run(name, func(t *testing.T) {
			if delta := apply(t, []byte(test.before), []byte(test.after)); len(delta) > test.most {
				t.Errorf("the delta has %d bytes: %q", len(delta), delta)
			}
		})
	}
}

// FuzzDelta holds that another's decoder makes the text of every delta, and that a delta of texts is one.
func FuzzDelta(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""},
		{"a", "a"},
		{long, long},
		{long, long[7:] + long[:7]},
		{long + "☃", long + "☂"},
		{strings.Repeat("\x80", 64), strings.Repeat("\x80", 65)},
		{long[:17], long[:16]},
		{strings.Repeat("ab", 40), strings.Repeat("ba", 40)},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, before, after []byte) { apply(t, before, after) })
}

// TestEditsAreFollowed edits a text at random, again and again.
func TestEditsAreFollowed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	before := []byte(long)
	for range 2000 {
		after := bytes.Clone(before)
		for range random.IntN(4) {
			at := random.IntN(len(after) + 1)
			switch random.IntN(3) {
			case 0:
				after = append(after[:at:at], append([]byte("☃ü"[:random.IntN(6)]), after[at:]...)...)
			case 1:
				after = append(after[:at:at], after[min(len(after), at+random.IntN(40)):]...)
			default:
				from := random.IntN(len(long))
				after = append(after[:at:at], append([]byte(long[from:min(len(long), from+random.IntN(60))]), after[at:]...)...)
			}
		}
		apply(t, before, after)
		if before = after; len(before) > 4000 {
			before = before[:1000]
		}
	}
}

// BenchmarkDelta is what a delta costs, for texts with a small change, and for what was made to cost most.
func BenchmarkDelta(b *testing.B) {
	const size = 64 << 10
	bit := func() []byte {
		text := make([]byte, size)
		for i := range text {
			text[i] = byte(rand.N(2))
		}
		return text
	}
	for name, test := range map[string]struct{ before, after []byte }{
		"1000B":       {[]byte(long), []byte(long[:500] + "!" + long[500:])},
		"two-changes": {[]byte(long), []byte(long[:300] + "!" + long[300:600] + "!" + long[600:])},
		"two-letters": {bit(), bit()},
		"same-blocks": {bytes.Repeat([]byte("0123456789abcdeX"), size/16), bytes.Repeat([]byte("0123456789abcdeY"), size/16)},
		"no-text":     {bytes.Repeat([]byte{0x80}, size), append([]byte("x"), append(bytes.Repeat([]byte{0x80}, size), 'y')...)},
		"zeroes":      {make([]byte, size), bytes.Repeat([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"), size/17)},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fossil.Delta(test.before, test.after)
			}
		})
	}
}
