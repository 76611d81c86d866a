package realtime

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// errForeignOrigin is why a page's request is refused.
var errForeignOrigin = errors.New("pages of this origin may not connect here; it can be made one of the allowed origins")

// checkOrigin refuses requests that pages of foreign origins make with their visitors' cookies, by the
// rules that coder/websocket has for WebSockets. What browsers ask for without saying from where, such
// as a link that is followed, says at least that it comes from another site.
func (h *Hub) checkOrigin(r *http.Request) error {
	origin := r.Header.Get("Origin")
	if h.options.AllowAnyOrigin {
		return nil
	}
	if origin == "" {
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			return errForeignOrigin
		}
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil {
		return errForeignOrigin
	}
	if strings.EqualFold(u.Host, r.Host) {
		return nil
	}
	for _, pattern := range h.options.AllowedOrigins {
		subject := u.Host
		if strings.Contains(pattern, "://") {
			subject = u.Scheme + "://" + u.Host
		}
		if matched, err := path.Match(strings.ToLower(pattern), strings.ToLower(subject)); err == nil && matched {
			return nil
		}
	}
	return errForeignOrigin
}

// admitOrigin answers requests of foreign origins, and the question of browsers whether a page may ask
// (the Fetch standard's CORS protocol). It reports whether there is a request to answer.
func (h *Hub) admitOrigin(w http.ResponseWriter, r *http.Request) bool {
	if err := h.checkOrigin(r); err != nil {
		h.log.Info("request refused", "error", err, "origin", r.Header.Get("Origin"), "host", r.Host)
		http.Error(w, err.Error(), http.StatusForbidden)
		return false
	}
	header := w.Header()
	header.Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" {
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Credentials", "true")
	}
	if r.Method != http.MethodOptions {
		return true
	}
	header.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	header.Set("Access-Control-Allow-Headers", "Content-Type")
	header.Set("Access-Control-Max-Age", "300")
	w.WriteHeader(http.StatusNoContent)
	return false
}
