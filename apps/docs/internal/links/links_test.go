package links_test

import (
	"slices"
	"testing"

	"magpie.build/apps/docs/internal/links"
)

func TestDeadLinksAreNamedWithTheirPage(t *testing.T) {
	pages := map[string]*links.Page{
		"/": links.Read([]byte(`<p id="top"><a href="/a/">a</a> <a href="/a/#here">b</a> <a href="#top">c</a>
			<img src="/pic.svg"> <a href="https://go.dev/x#y">d</a> <a href="a/">e</a> <link href="/gone.css">`)),
		"/a/": links.Read([]byte(`<h2 id="here">x</h2><h2 id="here">y</h2><a href="/b/">b</a> <a href="/#nope">n</a>
			<a href="../">up</a> <a href="/a">slash</a> <script src="/gone.js"></script>
			<div data-example><div><a href="#shown"></a></div><a href="/shown/"></a></div><div><a href="#after"></a></div>`)),
	}
	var got []string
	for _, p := range links.Check(pages, func(address string) bool { return address == "/pic.svg" }) {
		got = append(got, p.Error())
	}
	want := []string{
		"/: /gone.css: no such page",
		"/a/: #after: the page has no such anchor",
		"/a/: #here: the page has this anchor twice",
		"/a/: /#nope: the page has no such anchor",
		"/a/: /a: the page's address ends with a slash",
		"/a/: /b/: no such page",
		"/a/: /gone.js: no such page",
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems\n%q, want\n%q", got, want)
	}
}

func TestRebaseMovesOnlyAddressesOfTheSite(t *testing.T) {
	page := `<a  class="x" href="/a/">/a/</a><a href="#b"><img src="/i.svg"/><a href="//cdn"><a href="https://x/">` + "\n<p>href=\"/x\"</p>"
	want := `<a  class="x" href="/docs/a/">/a/</a><a href="#b"><img src="/docs/i.svg"/><a href="//cdn"><a href="https://x/">` + "\n<p>href=\"/x\"</p>"
	if got := string(links.Rebase([]byte(page), "/docs/")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := string(links.Rebase([]byte(page), "/")); got != page {
		t.Errorf("a site at the root was changed: %s", got)
	}
}

func FuzzRebaseKeepsWhatItDoesNotMove(f *testing.F) {
	f.Add(`<a href='/x'>y</a><!-- <a href="/z"> -->`)
	f.Fuzz(func(t *testing.T, page string) {
		if got := string(links.Rebase([]byte(page), "/")); got != page {
			t.Errorf("got %q, want %q", got, page)
		}
		links.Read([]byte(page))
	})
}
