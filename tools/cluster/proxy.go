package main

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"time"
)

// backend is a server as the proxy sees it.
type backend struct {
	url *url.URL

	// mu is the proxy's.
	ready bool
	// dead says that the process has ended: there is no use in asking it.
	dead bool
	// open counts its requests under way.
	open int
}

// proxy takes each request to the ready server with the fewest requests open. While none is ready it
// tries those that run. Safe for concurrent use.
type proxy struct {
	reverse httputil.ReverseProxy

	mu       sync.Mutex
	backends []*backend
}

// newProxy returns a proxy to servers that are not ready yet.
func newProxy(addrs []string) *proxy {
	p := &proxy{}
	for _, addr := range addrs {
		p.backends = append(p.backends, &backend{url: &url.URL{Scheme: "http", Host: addr}})
	}
	p.reverse = httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if b, ok := r.In.Context().Value(choice{}).(*backend); ok {
				r.SetURL(b.url)
			}
			r.Out.Host = r.In.Host // servers compare it with the origin of pages
			r.SetXForwarded()
		},
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: time.Second}).DialContext,
			MaxIdleConnsPerHost: 64,
			DisableCompression:  true,
		},
		FlushInterval: -1, // streams are passed on as they come
		ErrorHandler:  p.failed,
	}
	return p
}

// choice is the context's key for the chosen backend, attempts for how many were tried.
type (
	choice   struct{}
	attempts struct{}
)

// ServeHTTP implements [http.Handler].
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := p.choose()
	if b == nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "no server runs", http.StatusServiceUnavailable)
		return
	}
	defer p.release(b)
	p.reverse.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), choice{}, b)))
}

// failed takes a request that its server did not take to another, if nothing of it has been read.
func (p *proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	if refused, ok := errors.AsType[*net.OpError](err); ok && refused.Op == "dial" {
		if b, ok := r.Context().Value(choice{}).(*backend); ok {
			p.mu.Lock()
			b.ready = false // until it says otherwise
			p.mu.Unlock()
		}
		tried, _ := r.Context().Value(attempts{}).(int)
		if r.ContentLength == 0 && tried < len(p.backends) {
			p.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), attempts{}, tried+1)))
			return
		}
	}
	w.WriteHeader(http.StatusBadGateway)
}

// choose returns the best backend with one request more, or nil.
func (p *proxy) choose() *backend {
	p.mu.Lock()
	defer p.mu.Unlock()
	running := slices.DeleteFunc(slices.Clone(p.backends), func(b *backend) bool { return b.dead })
	if len(running) == 0 {
		return nil
	}
	best := slices.MinFunc(running, func(a, b *backend) int {
		return cmp.Or(compareReady(a, b), cmp.Compare(a.open, b.open))
	})
	best.open++
	return best
}

// compareReady has the ready one first.
func compareReady(a, b *backend) int {
	switch {
	case a.ready == b.ready:
		return 0
	case a.ready:
		return -1
	default:
		return 1
	}
}

func (p *proxy) release(b *backend) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.open--
}

// note says how a server is, and reports whether it became ready or unready by that.
func (p *proxy) note(server int, dead, ready bool) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.backends[server]
	changed = b.ready != ready || b.dead != dead
	b.ready, b.dead = ready, dead
	return changed
}
