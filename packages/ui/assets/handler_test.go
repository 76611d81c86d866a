package assets_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"

	"magpie.build/packages/ui/assets"
)

var (
	long  = strings.Repeat(".a { color: red }\n", 200)
	short = "a{}" // nothing makes it smaller
)

func site(tb testing.TB) *assets.Assets {
	tb.Helper()
	return open(tb, fstest.MapFS{"long.css": file(long), "short.css": file(short), "app.js": file("export {}")})
}

func TestEncodingIsTheBestThatTheClientAccepts(t *testing.T) {
	a := site(t)
	cases := []struct {
		name, accept, want string
	}{
		{"long.css", "gzip, deflate, br, zstd", "br"},
		{"long.css", "gzip", "gzip"},
		{"long.css", "x-gzip", "gzip"},
		{"long.css", "GZIP;Q=0.5", "gzip"},
		{"long.css", "", ""},
		{"long.css", "identity", ""},
		{"long.css", "zstd", ""},
		{"long.css", "br;q=0, gzip", "gzip"},
		{"long.css", "br;q=0.000, gzip;q=0", ""},
		{"long.css", "*", "br"},
		{"long.css", "*;q=0, gzip", "gzip"},
		{"long.css", "br;q=0, *", "gzip"},
		{"long.css", "br;q=much, gzip", "gzip"},
		{"long.css", "br;level=9, gzip", "gzip"},
		{"long.css", " , ,gzip ; q=1 ,", "gzip"},
		{"short.css", "br, gzip", ""},
	}
	for _, c := range cases {
		r := get(t, a, url(t, a, c.name), "Accept-Encoding", c.accept)
		if got := r.Header().Get("Content-Encoding"); got != c.want || r.Code != http.StatusOK {
			t.Errorf("%s for %q: %d with encoding %q, want %q", c.name, c.accept, r.Code, got, c.want)
		}
		if got := decode(t, r); got != long && got != short {
			t.Errorf("%s for %q is %.40q", c.name, c.accept, got)
		}
		if r.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s for %q: Vary is %q", c.name, c.accept, r.Header().Get("Vary"))
		}
	}
}

func TestNothingAcceptableIsSaid(t *testing.T) {
	a := site(t)
	if r := get(t, a, url(t, a, "short.css"), "Accept-Encoding", "identity;q=0, br, gzip"); r.Code != http.StatusNotAcceptable {
		t.Errorf("the status is %d", r.Code)
	}
}

func TestEachEncodingHasItsOwnValidator(t *testing.T) {
	a := site(t)
	path := url(t, a, "long.css")
	etags := map[string]bool{}
	for _, accept := range []string{"br", "gzip", "identity"} {
		etag := get(t, a, path, "Accept-Encoding", accept).Header().Get("ETag")
		if !strings.HasPrefix(etag, `"`) || etags[etag] {
			t.Errorf("the ETag for %s is %s: want a strong one of its own", accept, etag)
		}
		etags[etag] = true
		r := get(t, a, path, "Accept-Encoding", accept, "If-None-Match", etag)
		if r.Code != http.StatusNotModified {
			t.Errorf("what the client has as %s is sent again: %d", accept, r.Code)
		}
	}
}

func TestHeadersLetBrowsersKeepFilesForEver(t *testing.T) {
	a := site(t)
	for name, kind := range map[string]string{"long.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8"} {
		h := get(t, a, url(t, a, name)).Header()
		want := map[string]string{
			"Content-Type":           kind,
			"Cache-Control":          "public, max-age=31536000, immutable",
			"X-Content-Type-Options": "nosniff",
		}
		for key, value := range want {
			if h.Get(key) != value {
				t.Errorf("%s: %s is %q, want %q", name, key, h.Get(key), value)
			}
		}
	}
}

func TestOtherNamesAreNotFoundAndNotKept(t *testing.T) {
	a := site(t)
	good := url(t, a, "long.css")
	for _, path := range []string{
		"/assets/", "/assets/long.css", "/assets/long.0000000000.css", good + ".br", good + ".gz", "/assets/../assets.go", "/assets//etc/passwd", strings.ToUpper(good),
	} {
		r := get(t, a, path)
		if r.Code != http.StatusNotFound || r.Header().Get("Cache-Control") != "" {
			t.Errorf("%s: %d, Cache-Control %q", path, r.Code, r.Header().Get("Cache-Control"))
		}
	}
}

func TestRangesAreOfThePlainFile(t *testing.T) {
	a := site(t)
	path := url(t, a, "long.css")
	r := get(t, a, path, "Accept-Encoding", "br, gzip", "Range", "bytes=2-6")
	body := read(t, r.Body)
	if r.Code != http.StatusPartialContent || r.Header().Get("Content-Encoding") != "" || body != long[2:7] {
		t.Errorf("%d %q %q", r.Code, r.Header().Get("Content-Encoding"), body)
	}
	if r := get(t, a, path, "Range", "bytes=999999-"); r.Code != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("a range beyond the end: %d", r.Code)
	}
}

func TestHeadHasTheHeadersAndNoBody(t *testing.T) {
	a := site(t)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodHead, url(t, a, "long.css"), nil)
	request.Header.Set("Accept-Encoding", "br")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, request)
	if w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Content-Encoding") != "br" || w.Header().Get("ETag") == "" {
		t.Errorf("%d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
}

func TestAssetsAreReadOnly(t *testing.T) {
	a := site(t)
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, url(t, a, "long.css"), nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("%d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

// FuzzAcceptEncoding shows that whatever a client sends, it gets the file in a form that it can tell from the headers, or is refused.
func FuzzAcceptEncoding(f *testing.F) {
	for _, accept := range []string{"br", "gzip;q=0", "*;q=0", "identity;q=0", "br;q=1e9", "br;q=-1", "br;q=NaN", "gzip;;q=1", ",,,", "br;q=0,br", "\x00", "gzip\t;\tq\t=\t1"} {
		f.Add(accept)
	}
	a := site(f)
	path := url(f, a, "long.css")
	f.Fuzz(func(t *testing.T, accept string) {
		r := get(t, a, path, "Accept-Encoding", accept)
		switch encoding := r.Header().Get("Content-Encoding"); {
		case r.Code == http.StatusNotAcceptable:
		case r.Code != http.StatusOK:
			t.Fatalf("%q: status %d", accept, r.Code)
		case encoding != "" && !strings.Contains(accept, "*") && !strings.Contains(strings.ToLower(accept), encoding):
			t.Fatalf("%q: got %s without asking", accept, encoding)
		case decode(t, r) != long:
			t.Fatalf("%q: the body is not the file", accept)
		}
	})
}

// get asks for a path with headers given as names and values in turn.
func get(t *testing.T, a *assets.Assets, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.URL.Path = path
	for i := 0; i < len(headers); i += 2 {
		r.Header[headers[i]] = []string{headers[i+1]}
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

func decode(t *testing.T, r *httptest.ResponseRecorder) string {
	t.Helper()
	switch r.Header().Get("Content-Encoding") {
	case "br":
		return read(t, brotli.NewReader(r.Body))
	case "gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, z)
	}
	return read(t, r.Body)
}

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
