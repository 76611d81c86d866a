package highlight_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"magpie.build/apps/docs/internal/highlight"
)

func TestGoTokensCarryClasses(t *testing.T) {
	got := highlight.Go([]byte("func f() error { return g(\"<a>\", 1) } // why"), highlight.Options{})
	want := `<span class="k">func</span> <span class="nf">f</span>() <span class="kt">error</span> { ` +
		`<span class="k">return</span> <span class="nf">g</span>(<span class="s">&#34;&lt;a&gt;&#34;</span>, ` +
		`<span class="m">1</span>) } <span class="c1">// why</span>`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestIdentifiersBecomeLinksAndAnchors(t *testing.T) {
	got := highlight.Go([]byte("a.B"), highlight.Options{Mark: func(offset int, name string) highlight.Mark {
		if offset == 2 && name == "B" {
			return highlight.Mark{Href: "/x/#B", ID: "here"}
		}
		return highlight.Mark{}
	}})
	if want := `a.<a id="here" href="/x/#B">B</a>`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEachLineIsReachable(t *testing.T) {
	got := highlight.Code("go", "/* one\ntwo */\nvar x int\n", highlight.Options{Lines: true})
	for _, want := range []string{
		`<a class="line" id="L1" href="#L1" tabindex="-1">1</a><span class="c1">/* one</span>`,
		`<a class="line" id="L2" href="#L2" tabindex="-1">2</a><span class="c1">two */</span>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

func TestNoCharacterIsLostOrAdded(t *testing.T) {
	for language, source := range map[string]string{
		"go":      "package x\n\n\"unclosed\n\x00 '",
		"bash":    "go tool mage dev # here",
		"ts":      "const a: string = `x ${b}`\n",
		"css":     ".a { color: red }",
		"json":    `{"a": [1, null]}`,
		"diff":    "-a\n+b\n",
		"templ":   "templ A() {\n\t<p>{ x }</p>\n}\n",
		"unknown": "<&>\n",
		"":        "plain",
	} {
		got := html.UnescapeString(tags.ReplaceAllString(highlight.Code(language, source, highlight.Options{}), ""))
		if strings.ReplaceAll(got, "\uFFFD", "\x00") != strings.ReplaceAll(source, "\uFFFD", "\x00") {
			t.Errorf("%s: got %q, want %q", language, got, source)
		}
	}
}

func FuzzGo(f *testing.F) {
	f.Add("package x // y")
	f.Add("`a\n")
	f.Add("a := 'x")
	f.Fuzz(func(t *testing.T, source string) {
		got := html.UnescapeString(tags.ReplaceAllString(highlight.Go([]byte(source), highlight.Options{}), ""))
		if !strings.ContainsAny(source, "<>&\r") && got != source {
			t.Errorf("got %q, want %q", got, source)
		}
	})
}
