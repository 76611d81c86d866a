package message_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"magpie.build/packages/ui/internal/htmltest"
	"magpie.build/packages/ui/message"
)

func TestAddressesBecomeLinks(t *testing.T) {
	cases := map[string][]string{
		"see https://example.com.":                         {"https://example.com"},
		"(https://example.com/a)":                          {"https://example.com/a"},
		"https://example.com/a_(b)":                        {"https://example.com/a_(b)"},
		"[x](https://example.com/a), ok":                   {"https://example.com/a"},
		"https://example.com/?q=1&r=2#top!":                {"https://example.com/?q=1&r=2#top"},
		"HTTPS://EXAMPLE.com/A":                            {"HTTPS://EXAMPLE.com/A"},
		"http://127.0.0.1:8080/rooms":                      {"http://127.0.0.1:8080/rooms"},
		"http://[::1]:8080/":                               {"http://[::1]:8080/"},
		"https://a.example,https://b.example":              {"https://a.example,https://b.example"},
		"https://bücher.example/straße":                    {"https://bücher.example/straße"},
		"<https://example.com>":                            {"https://example.com"},
		`"https://example.com/"onmouseover="x`:             {"https://example.com/"},
		"https://example.com/\u202egnp.exe":                {"https://example.com/"},
		"https://user:secret@example.com/":                 nil,
		"https://":                                         nil,
		"https://.":                                        nil,
		"javascript:alert(1)":                              nil,
		"xhttps://example.com":                             nil,
		"data:text/html,<script>alert(1)</script>":         nil,
		"https://%zz":                                      nil,
		"mailto:ada@example.com ftp://example.com/a file:": nil,
	}
	for text, want := range cases {
		if got := links(text); !slices.Equal(got, want) {
			t.Errorf("%q: links %q, want %q", text, got, want)
		}
	}
}

func links(text string) []string {
	var found []string
	for _, span := range message.Spans(text) {
		if span.Href != "" {
			found = append(found, span.Href)
		}
	}
	return found
}

// FuzzMessageText shows that no text can leave its place: the row stays the same elements but for links to the web, and says what was written.
func FuzzMessageText(f *testing.F) {
	for _, text := range []string{
		"hello",
		"https://example.com/a?b=c#d",
		`"><script>alert(1)</script>`,
		`https://example.com/"><img src=x onerror=alert(1)>`,
		`https://example.com/'onclick='alert(1)`,
		"javascript:alert(1)//https://example.com",
		"JaVaScRiPt:alert(1)",
		"https://example.com/\x00<b>",
		"https://exa\tmple.com",
		"</p></article><h1>x",
		"<!--", "<![CDATA[", "&lt;b&gt;", "\xff\xfe", "a\u2028b",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var joined strings.Builder
		for _, span := range message.Spans(text) {
			joined.WriteString(span.Text)
		}
		if joined.String() != text {
			t.Fatalf("the spans of %q say %q", text, joined.String())
		}
		root := htmltest.Parse(t, message.Message(message.Props{Text: text, Author: message.Author{ID: text, Name: text}, Mentions: []string{text}}))
		for n := range htmltest.Elements(root) {
			if !slices.Contains([]string{"article", "span", "p", "time", "a"}, n.Data) {
				t.Fatalf("%q makes an element <%s>", text, n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" {
					t.Fatalf("%q makes an attribute %s", text, a.Key)
				}
				if a.Key == "href" {
					checkHref(t, a.Val)
				}
			}
		}
	})
}

func checkHref(t *testing.T, href string) {
	t.Helper()
	u, err := url.Parse(href)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		t.Fatalf("a link leads to %q", href)
	}
}
