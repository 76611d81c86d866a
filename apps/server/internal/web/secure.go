package web

import (
	"net/http"
	"strings"

	"magpie.build/apps/server/internal/realtime"
)

// RealtimePath is where client libraries connect to.
const RealtimePath = realtime.PathWebSocket

// isRealtime reports whether a path is one of the realtime protocol's.
func isRealtime(path string) bool {
	return strings.HasPrefix(path, "/connection/") || path == realtime.PathEmulation
}

// policy lets a page load and do nothing that is not this server's own, and no script make HTML of a
// string but through the client's one function that inserts rendered rows.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types chat-html"

// secure adds to every answer what protects its readers. The realtime paths go around: their answers
// are no pages, their origin checks are the hub's own, and the hub needs the writer as it is.
func secure(pages, connections http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if isRealtime(r.URL.Path) {
			connections.ServeHTTP(w, r)
			return
		}
		// Pages hold what only one person may see; assets say otherwise of themselves.
		h.Set("Cache-Control", "private, no-cache")
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		pages.ServeHTTP(w, r)
	})
}

// maxForm holds the longest message, percent-encoded: four bytes a character, each as three.
const maxForm = 64 << 10
