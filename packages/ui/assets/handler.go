package assets

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

var _ http.Handler = (*Assets)(nil)

// ServeHTTP answers GET and HEAD below [Prefix] with the smallest encoding that the client accepts, and 404 for a name it does not know,
// which a plain or an outdated name is. Ranges are served of the uncompressed file.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	f, ok := a.files[strings.TrimPrefix(r.URL.Path, Prefix)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "assets are read only", http.StatusMethodNotAllowed)
		return
	}
	rep, ok := f.negotiate(r)
	h.Set("Vary", "Accept-Encoding")
	if !ok {
		http.Error(w, "no encoding of this file is acceptable to you", http.StatusNotAcceptable)
		return
	}
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable") // a year; the name changes with the content
	h.Set("ETag", rep.etag)
	if rep.encoding != "" {
		h.Set("Content-Encoding", rep.encoding)
	}
	// With no modification time, ServeContent goes by the ETag alone.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(rep.body))
}

// negotiate chooses what to send, or nothing if the client refuses all there is.
func (f *file) negotiate(r *http.Request) (representation, bool) {
	accept := parseAcceptEncoding(r.Header.Values("Accept-Encoding"))
	if r.Header.Get("Range") != "" && accept.allows("identity") {
		return f.identity, true
	}
	for _, rep := range f.compressed {
		if accept.allows(rep.encoding) {
			return rep, true
		}
	}
	return f.identity, accept.allows("identity")
}
