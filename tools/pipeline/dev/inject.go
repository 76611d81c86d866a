package dev

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// snippet is what a page gets: a style and a script of the same origin, so that a strict policy
// lets them in. The script learns the page's generation from its own address.
func snippet(generation int64) string {
	return fmt.Sprintf(`<link rel="stylesheet" href="/__dev/client.css"><script type="module" src="/__dev/client.js?generation=%d"></script>`, generation)
}

// isNavigation says whether a browser asks for a page, rather than for a part that a script puts
// into one. Old browsers and other programs do not say what they ask for.
func isNavigation(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "document", "iframe", "frame":
		return true
	case "":
		return strings.Contains(r.Header.Get("Accept"), "text/html")
	}
	return false
}

// askForWhole has the app answer with the whole page, as plain bytes: a page from the browser's
// cache would carry the generation of a process long gone, and reload for ever.
func askForWhole(r *http.Request) {
	r.Header.Set("Accept-Encoding", "identity")
	for _, name := range []string{"If-None-Match", "If-Modified-Since", "If-Range", "Range"} {
		r.Header.Del(name)
	}
}

// inject adds the snippet to a page, without reading it as HTML: before the end of its body.
func inject(response *http.Response, generation int64) {
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	encoding := response.Header.Get("Content-Encoding")
	if err != nil || media != "text/html" || encoding != "" && encoding != "identity" ||
		response.StatusCode == http.StatusNoContent || response.StatusCode == http.StatusNotModified {
		return
	}
	for _, name := range []string{"ETag", "Last-Modified", "Accept-Ranges", "Content-Digest", "Repr-Digest"} {
		response.Header.Del(name)
	}
	response.Header.Set("Cache-Control", "no-store")
	addition := []byte(snippet(generation))
	response.Body = &injector{body: response.Body, addition: addition}
	if response.ContentLength >= 0 {
		response.ContentLength += int64(len(addition))
		response.Header.Set("Content-Length", strconv.FormatInt(response.ContentLength, 10))
	}
}

var bodyEnd = []byte("</body>")

// injector passes a page through as it comes, and adds something before the first end of a body,
// or after everything else.
type injector struct {
	body     io.ReadCloser
	addition []byte // nil once it has been added
	held     []byte // read, and not yet known to come before the body's end
	out      []byte // to be returned next
	err      error  // of body, returned once out is empty
}

func (i *injector) Close() error { return i.body.Close() }

func (i *injector) Read(p []byte) (int, error) {
	for len(i.out) == 0 && i.err == nil {
		i.fill()
	}
	if len(i.out) == 0 {
		return 0, i.err
	}
	n := copy(p, i.out)
	i.out = i.out[n:]
	return n, nil
}

// fill reads a piece, and releases all of it but what may be the beginning of the body's end.
func (i *injector) fill() {
	piece := make([]byte, 32<<10)
	n, err := i.body.Read(piece)
	i.held = append(i.held, piece[:n]...)
	i.err = err
	if i.addition == nil {
		i.out, i.held = i.held, nil
		return
	}
	at := bytes.Index(bytes.ToLower(i.held), bodyEnd)
	switch {
	case at < 0 && err != nil:
		at = len(i.held)
	case at < 0:
		keep := min(len(i.held), len(bodyEnd)-1)
		i.out, i.held = i.held[:len(i.held)-keep], bytes.Clone(i.held[len(i.held)-keep:])
		return
	}
	i.out = append(append(bytes.Clone(i.held[:at]), i.addition...), i.held[at:]...)
	i.held, i.addition = nil, nil
}
