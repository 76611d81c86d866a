package dev

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSnippetComesBeforeTheEndOfTheBody(t *testing.T) {
	for name, test := range map[string]struct{ page, want string }{
		"page":           {"<body>text</body></html>", "<body>text|</body></html>"},
		"upper case":     {"<BODY>text</BODY>", "<BODY>text|</BODY>"},
		"first end only": {"a</body>b</body>", "a|</body>b</body>"},
		"no end":         {"text</bod", "text</bod|"},
		"empty":          {"", "|"},
		"long":           {strings.Repeat("x", 100_000) + "</body>", strings.Repeat("x", 100_000) + "|</body>"},
	} {
		t.Run(name, func(t *testing.T) {
			for reader, wrap := range map[string]func(io.Reader) io.Reader{
				"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "end with data": iotest.DataErrReader,
			} {
				got, err := io.ReadAll(&injector{body: io.NopCloser(wrap(strings.NewReader(test.page))), addition: []byte("|")})
				if err != nil || string(got) != test.want {
					t.Errorf("%s: got %.80q, %v", reader, got, err)
				}
			}
		})
	}
}

func TestOnlyWholeUncompressedPagesAreChanged(t *testing.T) {
	for name, test := range map[string]struct {
		header  http.Header
		status  int
		changed bool
	}{
		"page":       {http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Etag": {"x"}}, 200, true},
		"error page": {http.Header{"Content-Type": {"text/html"}}, 500, true},
		"script":     {http.Header{"Content-Type": {"text/javascript"}}, 200, false},
		"compressed": {http.Header{"Content-Type": {"text/html"}, "Content-Encoding": {"br"}}, 200, false},
		"unchanged":  {http.Header{"Content-Type": {"text/html"}}, 304, false},
		"untyped":    {http.Header{}, 200, false},
	} {
		t.Run(name, func(t *testing.T) {
			const page = "<body></body>"
			response := &http.Response{StatusCode: test.status, Header: test.header, ContentLength: int64(len(page)), Body: io.NopCloser(strings.NewReader(page))}
			inject(response, 7)
			got, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if changed := strings.Contains(string(got), "generation=7"); changed != test.changed {
				t.Errorf("changed: %v, want %v", changed, test.changed)
			}
			if response.ContentLength != int64(len(got)) || test.changed && response.Header.Get("Content-Length") != strconv.Itoa(len(got)) {
				t.Errorf("length %d and %q, the page has %d", response.ContentLength, response.Header.Get("Content-Length"), len(got))
			}
			if test.changed && response.Header.Get("ETag") != "" {
				t.Error("the old page's ETag is still there")
			}
		})
	}
}

func TestPartsOfAPageAreNoNavigation(t *testing.T) {
	for name, test := range map[string]struct {
		header http.Header
		want   bool
	}{
		"browser's page":   {http.Header{"Sec-Fetch-Dest": {"document"}, "Accept": {"text/html"}}, true},
		"script's request": {http.Header{"Sec-Fetch-Dest": {"empty"}, "Accept": {"text/html"}}, false},
		"old browser":      {http.Header{"Accept": {"text/html,*/*"}}, true},
		"other program":    {http.Header{"Accept": {"*/*"}}, false},
	} {
		if got := isNavigation(&http.Request{Method: http.MethodGet, Header: test.header}); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestCompilersPlacesAreSeenFromTheRoot(t *testing.T) {
	got := placeUnder("apps/server", "# example.com/apps/server\n./main.go:3:5: undefined: x\n../../packages/ui/a.go:7:1: syntax error\n\tdetail\nerror obtaining VCS status\n")
	want := "apps/server/main.go:3:5: undefined: x\npackages/ui/a.go:7:1: syntax error\n\tdetail\nerror obtaining VCS status"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
