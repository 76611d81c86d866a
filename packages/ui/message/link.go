package message

import (
	"iter"
	"net/url"
	"regexp"
	"strings"
)

// Span is a piece of a message's text.
type Span struct {
	Text string
	// Href is where the piece links to: always http or https, with a host. Empty for plain text.
	Href string
}

// address finds what may be a web address. It ends before white space, quotes and angle brackets: none of them belongs in a URL.
var address = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"'` + "`" + `\p{Z}\p{C}]+`)

// Spans cuts a text into plain pieces and web addresses. The pieces' texts, put together, are the text.
func Spans(text string) []Span {
	var spans []Span
	plain := 0
	for start, end := range addresses(text) {
		if start > plain {
			spans = append(spans, Span{Text: text[plain:start]})
		}
		spans = append(spans, Span{Text: text[start:end], Href: text[start:end]})
		plain = end
	}
	if plain < len(text) {
		spans = append(spans, Span{Text: text[plain:]})
	}
	return spans
}

// addresses yields where in the text the web addresses begin and end.
func addresses(text string) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for _, at := range address.FindAllStringIndex(text, -1) {
			end := at[0] + len(trimEnd(text[at[0]:at[1]]))
			if isWeb(text[at[0]:end]) && !yield(at[0], end) {
				return
			}
		}
	}
}

// trimEnd takes away what ends the sentence rather than the address, and brackets that were opened before it.
func trimEnd(s string) string {
	for {
		trimmed := strings.TrimRight(s, ".,:;!?*_~")
		for _, pair := range []string{"()", "[]", "{}"} {
			if strings.HasSuffix(trimmed, pair[1:]) && strings.Count(trimmed, pair[:1]) < strings.Count(trimmed, pair[1:]) {
				trimmed = trimmed[:len(trimmed)-1]
			}
		}
		if trimmed == s {
			return s
		}
		s = trimmed
	}
}

// isWeb refuses what is no address, and addresses with a user in front of the host, which are made to mislead.
func isWeb(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "http" || u.Scheme == "https")
}
