// Package highlight writes source code as HTML whose tokens carry classes, so that one
// stylesheet colours them in light and in dark and no inline style is needed. The classes are
// chroma's short ones: k is a keyword, s a string, c1 a comment.
//
// [Go] reads Go with the language's own scanner, which lets identifiers become links and
// anchors. [Code] reads every other language that chroma knows.
package highlight

import (
	"html"
	"strconv"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
)

// Options say how code is written. The zero value writes it plainly.
type Options struct {
	// Lines numbers the lines and makes each reachable as #L1, #L2, …
	Lines bool
	// Mark says what an identifier of Go source links to and is reached by; nil marks none.
	Mark func(offset int, name string) Mark
}

// A Mark makes an identifier a link, an anchor, or both.
type Mark struct {
	Href string
	ID   string
}

// Code returns source of a language as the HTML inside of a code element. A language that
// nobody knows, or none, is written without colours.
func Code(language, source string, o Options) string {
	if language == "go" {
		return Go([]byte(source), o)
	}
	out := newWriter(o)
	lexer := lexers.Get(alias(language))
	if lexer == nil {
		out.token("", source, Mark{})
		return out.done()
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, source)
	if err != nil {
		out.token("", source, Mark{})
		return out.done()
	}
	// Lexers may add a last newline of their own; whoever wrote the source decides about that.
	left := len(source)
	for t := range tokens.Stdlib() {
		text := t.Value[:min(left, len(t.Value))]
		left -= len(text)
		out.token(class(t.Type), text, Mark{})
	}
	return out.done()
}

// alias maps names that chroma does not know to near ones that it does.
func alias(language string) string {
	switch language {
	case "console", "sh", "shell":
		return "bash"
	case "mod":
		return "go"
	default:
		return language
	}
}

// class is the token's class, or none for what is not worth a colour.
func class(t chroma.TokenType) string {
	switch c := chroma.StandardTypes[t]; c {
	case "w", "p", "n", "err", "bg", "chroma":
		return ""
	default:
		return c
	}
}

// A writer writes tokens, line by line where lines are numbered.
type writer struct {
	out   strings.Builder
	lines bool
	line  int
}

func newWriter(o Options) *writer {
	w := &writer{lines: o.Lines}
	w.startLine()
	return w
}

func (w *writer) startLine() {
	if !w.lines {
		return
	}
	w.line++
	n := strconv.Itoa(w.line)
	w.out.WriteString(`<a class="line" id="L` + n + `" href="#L` + n + `" tabindex="-1">` + n + `</a>`)
}

func (w *writer) token(class, text string, m Mark) {
	for i, part := range strings.Split(text, "\n") {
		if i > 0 {
			w.out.WriteByte('\n')
			w.startLine()
		}
		if part != "" {
			w.span(class, part, m)
		}
	}
}

func (w *writer) span(class, text string, m Mark) {
	element := "span"
	if m.Href != "" {
		element = "a"
	}
	if class == "" && m == (Mark{}) {
		w.out.WriteString(html.EscapeString(text))
		return
	}
	w.out.WriteString("<" + element)
	w.attribute("class", class)
	w.attribute("id", m.ID)
	w.attribute("href", m.Href)
	w.out.WriteString(">" + html.EscapeString(text) + "</" + element + ">")
}

func (w *writer) attribute(name, value string) {
	if value != "" {
		w.out.WriteString(" " + name + `="` + html.EscapeString(value) + `"`)
	}
}

func (w *writer) done() string { return w.out.String() }
