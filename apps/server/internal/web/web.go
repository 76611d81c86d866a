// Package web is the chat's face: pages and forms over HTTP, made of packages/ui, and the answers that
// connections of the realtime hub get. It is the edge, the one place where users' input, cookies and
// status codes meet the domain in package chat.
//
// Every page works without scripts: history is shown, forms post. Where scripts run, the client in
// client/ makes a room live. Begin with [New] and [Server.Handler].
package web

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/chat"
	"magpie.build/packages/ui"
	"magpie.build/packages/ui/assets"
	"magpie.build/packages/ui/theme"
)

//go:generate go tool templ generate
//go:generate go run magpie.build/packages/ui/cmd/bundle -out=dist client/room.ts styles/app.css

//go:embed dist static
var files embed.FS

// Options are what a [Server] is made of.
type Options struct {
	// Chat and Signer are required.
	Chat   *chat.Chat
	Signer *auth.Signer
	// Realtime answers the paths of the realtime protocol. Required.
	Realtime http.Handler
	// AllowedOrigins lists, beside the server's own, origins from where forms may be posted, each as
	// scheme://host[:port].
	AllowedOrigins []string
	// Logger hears of answers that are the server's fault. Nil discards.
	Logger *slog.Logger
}

// Server answers HTTP requests. Safe for concurrent use.
type Server struct {
	chat       *chat.Chat
	signer     *auth.Signer
	realtime   http.Handler
	protection *http.CrossOriginProtection
	assets     *assets.Assets
	links      links
	log        *slog.Logger
}

// New returns a server, or an error for an origin that is none or an asset that is missing.
func New(options Options) (*Server, error) {
	s := &Server{
		chat:       options.Chat,
		signer:     options.Signer,
		realtime:   options.Realtime,
		protection: http.NewCrossOriginProtection(),
		log:        options.Logger,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for _, origin := range options.AllowedOrigins {
		if err := s.protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("allow origin %q: %w", origin, err)
		}
	}
	s.protection.SetDenyHandler(http.HandlerFunc(s.denyOrigin))
	var err error
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	s.links, err = newLinks(s.assets)
	return s, err
}

// Handler returns all there is to ask for.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()

	mux.Handle("GET /{$}", s.page(s.home))
	mux.Handle("GET /sign-in", s.page(s.signInPage))
	mux.Handle("POST /sign-in", s.page(s.signIn))
	mux.Handle("POST /sign-out", s.page(s.signOut))

	mux.Handle("GET /rooms", s.page(s.signedIn(s.roomsPage)))
	mux.Handle("POST /rooms", s.page(s.signedIn(s.createRoom)))
	mux.Handle("GET /rooms/{room}", s.page(s.signedIn(s.roomPage)))
	mux.Handle("GET /rooms/{room}/messages", s.part(s.messages))
	mux.Handle("POST /rooms/{room}/messages", s.page(s.signedIn(s.postMessage)))
	mux.Handle("GET /rooms/{room}/people", s.part(s.people))

	mux.Handle("POST /token", http.HandlerFunc(s.token))
	mux.Handle("POST /theme", theme.Handler())
	mux.Handle("GET "+assets.Prefix, s.assets)
	mux.Handle("/", s.page(s.notFound))

	return secure(s.protection.Handler(mux), s.realtime)
}

func loadAssets() (*assets.Assets, error) {
	folders := []fs.FS{ui.Dist()}
	for _, name := range []string{"dist", "static"} {
		folder, err := fs.Sub(files, name)
		if err != nil {
			return nil, fmt.Errorf("open embedded folder %s: %w", name, err)
		}
		folders = append(folders, folder)
	}
	return assets.New(folders...)
}

// links are the addresses of what pages load.
type links struct{ uiCSS, uiScript, appCSS, roomScript, icon string }

func newLinks(a *assets.Assets) (links, error) {
	var l links
	for name, url := range map[string]*string{
		"ui.css": &l.uiCSS, "ui.js": &l.uiScript, "app.css": &l.appCSS, "room.js": &l.roomScript, "favicon.svg": &l.icon,
	} {
		var err error
		if *url, err = a.URL(name); err != nil {
			return links{}, err
		}
	}
	return l, nil
}
