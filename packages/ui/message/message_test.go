package message_test

import (
	"strings"
	"testing"
	"time"

	"magpie.build/packages/ui/internal/htmltest"
	"magpie.build/packages/ui/message"
)

func TestTextIsShownAsItWasWritten(t *testing.T) {
	for _, text := range []string{
		"plain",
		"two\nlines, and  two blanks",
		" leading and trailing ",
		"before https://example.com/a after",
		"https://a.example https://b.example",
		`<b>not bold</b> & "quoted"`,
		"العربية עברית",
		"",
	} {
		root := htmltest.Parse(t, message.Message(message.Props{Text: text, Author: message.Author{Name: "Ada"}}))
		for n := range htmltest.Elements(root, "p") {
			if part, _ := htmltest.Attr(n, "data-part"); part == "text" && htmltest.Text(n) != text {
				t.Errorf("shown as %q, written as %q", htmltest.Text(n), text)
			}
		}
	}
}

func TestAuthorAndTextComeFirst(t *testing.T) {
	text := htmltest.Text(htmltest.Parse(t, message.Message(message.Props{
		State:  message.Failed,
		Author: message.Author{ID: "u-1", Name: "Ada"},
		At:     time.Date(2026, 11, 24, 9, 5, 0, 0, time.FixedZone("", 3600)),
		Text:   "hello",
	})))
	last := -1
	for _, want := range []string{"Ada", "hello", "08:05", "Not sent.", "Try again", "Discard"} {
		at := strings.Index(text, want)
		if at <= last {
			t.Errorf("%q is missing or comes too early in %q", want, text)
		}
		last = at
	}
}

// A row is rendered once for all readers and replaced by its client id, so what identifies it must be there, and nothing of a reader.
func TestRowCarriesWhatScriptsNeed(t *testing.T) {
	cases := []struct {
		name  string
		props message.Props
		want  map[string]string
		not   []string
	}{
		{
			"sent",
			message.Props{ID: "m1", ClientID: "c1", Offset: 7, Author: message.Author{ID: "u1"}, Mentions: []string{"u2", "u3"}},
			map[string]string{"id": "message-m1", "data-id": "m1", "data-cid": "c1", "data-offset": "7", "data-author": "u1", "data-mentions": "u2 u3"},
			[]string{"data-state", "aria-busy", "data-continued", "data-mine"},
		},
		{
			"pending",
			message.Props{ClientID: "c1", State: message.Pending, Author: message.Author{ID: "u1"}},
			map[string]string{"data-cid": "c1", "data-state": "pending", "aria-busy": "true"},
			[]string{"id", "data-id", "data-offset", "data-mentions"},
		},
		{
			"failed and continued",
			message.Props{ClientID: "c1", State: message.Failed, Continued: true},
			map[string]string{"data-state": "failed", "data-continued": ""},
			[]string{"aria-busy"},
		},
	}
	for _, c := range cases {
		row := htmltest.One(t, htmltest.Parse(t, message.Message(c.props)), "article")
		for name, want := range c.want {
			if got, ok := htmltest.Attr(row, name); !ok || got != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, want)
			}
		}
		for _, name := range c.not {
			if got, ok := htmltest.Attr(row, name); ok {
				t.Errorf("%s: %s is %q, want none", c.name, name, got)
			}
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	row := message.Message(message.Props{
		ID: "m1", ClientID: "c1", Offset: 7, Author: message.Author{ID: "u1", Name: "Ada Lovelace"},
		At: time.Unix(1_790_000_000, 0), Text: "The pipeline is green, see https://example.com/runs/7 for the log.",
	})
	b.ReportAllocs()
	var out strings.Builder
	for b.Loop() {
		out.Reset()
		if err := row.Render(b.Context(), &out); err != nil {
			b.Fatal(err)
		}
	}
}
