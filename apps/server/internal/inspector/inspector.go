// Package inspector shows operators what a running server does: its channels, its connections, who lags,
// what was lost and what was repaired. It is a part of the admin port and has no sign-in of its own: who
// reaches the port sees everything but what people say.
//
// Every page works without scripts, by reloading it; where scripts run, client/inspector.ts does so every
// two seconds. Lists are bounded: they show the first of what was asked for, in the order that was asked for.
package inspector

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/ui"
	"magpie.build/packages/ui/assets"
	"magpie.build/packages/ui/theme"
)

//go:generate go tool templ generate
//go:generate go run magpie.build/packages/ui/cmd/bundle -out=dist client/inspector.ts styles/inspector.css

//go:embed dist
var files embed.FS

// Hub is what is inspected. A [realtime.Hub] is one.
type Hub interface {
	Stats() realtime.Stats
	InspectChannels() iter.Seq[realtime.ChannelState]
	InspectConnections() iter.Seq[realtime.ConnectionState]
	InspectSubscribers(channel string) iter.Seq[realtime.ConnectionState]
	InspectConnection(client string) (realtime.ConnectionState, []realtime.SubscriptionState, bool)
}

var _ Hub = (*realtime.Hub)(nil)

// Inspector answers HTTP requests. Safe for concurrent use.
type Inspector struct {
	hub    Hub
	log    *slog.Logger
	assets *assets.Assets
	links  links
	now    func() time.Time
}

// links are the addresses of what pages load.
type links struct{ uiCSS, uiScript, css, script string }

// New returns an inspector of a hub, or an error for an asset that is missing. A nil logger discards.
func New(hub Hub, log *slog.Logger) (*Inspector, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	i := &Inspector{hub: hub, log: log, now: time.Now}
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		return nil, fmt.Errorf("open embedded folder dist: %w", err)
	}
	if i.assets, err = assets.New(ui.Dist(), dist); err != nil {
		return nil, err
	}
	for name, url := range map[string]*string{
		"ui.css": &i.links.uiCSS, "ui.js": &i.links.uiScript, "inspector.css": &i.links.css, "inspector.js": &i.links.script,
	} {
		if *url, err = i.assets.URL(name); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// policy lets a page load and do nothing that is not this server's own, and no script make HTML of a
// string but through the one function that puts in what the server rendered.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types inspector-html"

// maxForm holds the one form there is, the choice of a theme.
const maxForm = 4 << 10

// Handler answers / (an overview), /channels, /connections and /connections/{client}.
func (i *Inspector) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", i.overview)
	mux.HandleFunc("GET /channels", i.channels)
	mux.HandleFunc("GET /connections", i.connections)
	mux.HandleFunc("GET /connections/{client}", i.connection)
	mux.Handle("POST /theme", theme.Handler())
	mux.Handle("GET "+assets.Prefix, i.assets)
	protected := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "private, no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		protected.ServeHTTP(w, r)
	})
}

func (i *Inspector) overview(w http.ResponseWriter, r *http.Request) {
	worst := query{sort: "lag"}
	busiest := query{sort: "subscribers"}
	i.render(w, r, http.StatusOK, overviewPage(i.frame(r, "Overview", "/"), i.hub.Stats(),
		busiest.channels(i.hub.InspectChannels(), few), worst.connections(lagging(i.hub.InspectConnections()), few), i.now()))
}

func (i *Inspector) channels(w http.ResponseWriter, r *http.Request) {
	q := parse(r, channelOrders)
	i.render(w, r, http.StatusOK, channelsPage(i.frame(r, "Channels", "/channels"), q, q.channels(i.hub.InspectChannels(), many)))
}

func (i *Inspector) connections(w http.ResponseWriter, r *http.Request) {
	q := parse(r, connectionOrders)
	all, title := i.hub.InspectConnections(), "Connections"
	if q.channel != "" {
		all, title = i.hub.InspectSubscribers(q.channel), "Subscribers"
	}
	i.render(w, r, http.StatusOK, connectionsPage(i.frame(r, title, "/connections"), q, q.connections(all, many), i.now()))
}

func (i *Inspector) connection(w http.ResponseWriter, r *http.Request) {
	client := r.PathValue("client")
	state, subscriptions, ok := i.hub.InspectConnection(client)
	if !ok {
		i.render(w, r, http.StatusNotFound, gonePage(i.frame(r, "Connection", "/connections"), client))
		return
	}
	sortSubscriptions(subscriptions)
	i.render(w, r, http.StatusOK, connectionPage(i.frame(r, "Connection", "/connections"), state, subscriptions, i.now()))
}

// render writes a page, all of it or an error.
func (i *Inspector) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	var buf bytes.Buffer
	if err := page.Render(r.Context(), &buf); err != nil {
		i.log.Error("inspector page failed", "path", r.URL.Path, "error", err)
		http.Error(w, "the page could not be rendered: the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // whoever asked has gone: there is nobody left to tell
}
