package dev

import (
	"context"
	_ "embed" // the browser's part
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	//go:embed client.js
	clientScript []byte
	//go:embed client.css
	clientStyle []byte
)

// serve answers one of the app's public addresses until ctx ends.
func (a *app) serve(ctx context.Context, l listener) error {
	handler := http.NewServeMux()
	handler.Handle("/", a.proxy(l.admin))
	if !l.admin {
		handler.HandleFunc("GET /__dev/client.js", local(asset("text/javascript; charset=utf-8", clientScript)))
		handler.HandleFunc("GET /__dev/client.css", local(asset("text/css; charset=utf-8", clientStyle)))
		handler.HandleFunc("GET /__dev/events", local(a.events))
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return ctx.Err()
}

// local refuses requests under a foreign host name, with which another site could read what a
// build printed (DNS rebinding).
func local(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if ip := net.ParseIP(strings.Trim(host, "[]")); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "development pages are served to this machine only", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

func asset(contentType string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(content)
	}
}

// events streams the app's state: the present one at once, then each that follows. A browser that
// missed some needs only the last, and compares its generation with that of the page.
func (a *app) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flusher := http.NewResponseController(w)
	for {
		s, changed := a.gate.look()
		data, err := json.Marshal(s)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "id: %d\nretry: 500\ndata: %s\n\n", s.Generation, data); err != nil {
			return
		}
		if err := flusher.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		}
	}
}

// proxy passes requests on to the process of the moment, and waits for one that is about to come.
func (a *app) proxy(admin bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			s, err := a.gate.enter(r.Context())
			switch {
			case r.Context().Err() != nil:
				return
			case err != nil:
				a.unavailable(w, r, s, err.Error())
				return
			case s.process == nil:
				a.unavailable(w, r, s, a.declared.Name+" is not running")
				return
			}
			if a.forward(w, r, s, admin) {
				return
			}
		}
	})
}

// forward answers by a process, and says whether it did: a request that asks for something, and
// got nothing because the process ended for a new one, is not answered yet.
func (a *app) forward(w http.ResponseWriter, r *http.Request, s state, admin bool) (answered bool) {
	target := &url.URL{Scheme: "http", Host: s.process.addr}
	if admin {
		target.Host = s.process.admin
	}
	answered = true
	proxy := httputil.ReverseProxy{
		Transport: s.process.transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the app compares it with Origin
			if !admin && isNavigation(r.In) {
				askForWhole(r.Out)
			}
		},
		ModifyResponse: func(response *http.Response) error {
			response.Header.Set("Dev-Generation", strconv.FormatInt(s.Generation, 10))
			if !admin && isNavigation(r) {
				inject(response, s.Generation)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			now, _ := a.gate.look()
			switch {
			case r.Context().Err() != nil:
			case r.Method == http.MethodGet && now.process != s.process:
				answered = false
			default:
				a.unavailable(w, r, s, fmt.Sprintf("%s did not answer: %v", a.declared.Name, err))
			}
		},
	}
	proxy.ServeHTTP(w, r)
	return answered
}

// unavailable answers that there is no process: a page that gives way to the real one when there is one,
// for those who look at it.
func (a *app) unavailable(w http.ResponseWriter, r *http.Request, s state, why string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Retry-After", "1")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Error(w, why, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = unavailablePage().Execute(w, map[string]any{"Why": why, "Snippet": template.HTML(snippet(s.Generation))}) //nolint:gosec // a number is all that varies
}

// unavailablePage is read when it is needed: every start of the program would pay for it otherwise.
var unavailablePage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Why}}</title></head>
<body><main><h1>{{.Why}}</h1><p>This page reloads as soon as it runs.</p></main>{{.Snippet}}</body></html>
`))
})
