package markdown_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"magpie.build/apps/docs/internal/markdown"
)

func parse(t *testing.T, source string) *markdown.Document {
	t.Helper()
	d, err := markdown.Parse([]byte(source), func(to string) (string, error) { return "/page/" + to, nil })
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheFirstHeadingIsTheTitle(t *testing.T) {
	d := parse(t, "# Scaling *out*\n\nOne room,\nmany `servers`.\n\n## Why\n\nBecause.\n")
	if d.Title != "Scaling out" || d.Summary != "One room, many servers." {
		t.Errorf("title %q, summary %q", d.Title, d.Summary)
	}
	if strings.Contains(d.HTML, "<h1") {
		t.Errorf("the title is repeated: %s", d.HTML)
	}
	if _, err := markdown.Parse([]byte("no heading"), nil); err == nil {
		t.Error("a file without a title was accepted")
	}
}

func TestSectionsHoldTheirText(t *testing.T) {
	d := parse(t, "# T\n\nBefore.\n\n## Run `mage`\n\n- one\n- [two](a.md)\n\n```go\nx := 1\n```\n\n### Deeper\n\nEnd.\n")
	want := []markdown.Section{
		{Text: "Before."},
		{Level: 2, ID: "run-mage", Heading: "Run mage", Text: "one two\nx := 1", Links: []string{"a.md"}},
		{Level: 3, ID: "deeper", Heading: "Deeper", Text: "End."},
	}
	if len(d.Sections) != len(want) {
		t.Fatalf("sections %+v", d.Sections)
	}
	for i, s := range d.Sections {
		s.Text = strings.Join(strings.Fields(s.Text), " ")
		want[i].Text = strings.Join(strings.Fields(want[i].Text), " ")
		if !reflect.DeepEqual(s, want[i]) {
			t.Errorf("section %+v, want %+v", s, want[i])
		}
	}
}

func TestMarkup(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"heading":  {"## Why me?", `<h2 id="why-me">Why me? <a class="anchor" href="#why-me" aria-label="Link to Why me?">#</a></h2>`},
		"code":     {"```go\nfunc\n```", `<span class="k">func</span>`},
		"title":    {"```go main.go\nfunc\n```", `main.go</span>`},
		"table":    {"| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>"},
		"callout":  {"> [!WARNING]\n> Do *not*.", `data-tone="warning"`},
		"text":     {"> [!WARNING]\n> Do *not*.", `<p>Do <em>not</em>.</p>`},
		"quote":    {"> said", "<blockquote>"},
		"link":     {"[x](other.md#a)", `<a href="/page/other.md#a">x</a>`},
		"external": {"[x](https://go.dev)", `<a href="https://go.dev">x</a>`},
		"image":    {"![x](images/a.png)", `<img src="/page/images/a.png" alt="x">`},
		"anchor":   {"[x](#here)", `<a href="#here">x</a>`},
		"raw html": {"<script>alert(1)</script>", "<!-- raw HTML omitted -->"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := parse(t, "# T\n\n"+c.source+"\n"); !strings.Contains(d.HTML, c.want) {
				t.Errorf("%s\nlacks %s", d.HTML, c.want)
			}
		})
	}
	if d := parse(t, "# T\n\n> [!NOTE]\n> x\n"); strings.Contains(d.HTML, "[!NOTE]") {
		t.Errorf("the marker is shown: %s", d.HTML)
	}
}

func TestEveryDeadLinkAndImageIsNamed(t *testing.T) {
	_, err := markdown.Parse([]byte("# T\n\n[a](gone.md) ![b](lost.png)\n"), func(string) (string, error) { return "", errors.New("no such page") })
	if err == nil || !strings.Contains(err.Error(), "gone.md: no such page") || !strings.Contains(err.Error(), "lost.png") {
		t.Errorf("error %v, want one that names both", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("# T\n\n> [!NOTE]\n")
	f.Add("# T\n\n> [!TIP] x\n> **y**\n\n|a|\n|-|\n")
	f.Fuzz(func(t *testing.T, source string) {
		d, err := markdown.Parse([]byte(source), func(string) (string, error) { return "/", nil })
		if err == nil && strings.Contains(strings.ToLower(d.HTML), "<script") {
			t.Errorf("a script came through: %q", d.HTML)
		}
	})
}
