package web

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/a-h/templ"

	"magpie.build/apps/server/internal/auth"
)

// handle answers a request, or says why it cannot: then nothing is written yet.
type handle func(w http.ResponseWriter, r *http.Request) error

// handleUser answers the request of somebody who is signed in.
type handleUser func(w http.ResponseWriter, r *http.Request, user auth.User) error

// page serves a page: what goes wrong is one too.
func (s *Server) page(h handle) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// part serves a piece of a page to the page's script: what goes wrong is a status and a line of text.
func (s *Server) part(h handleUser) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := s.user(r)
		if err == nil {
			err = h(w, r, user)
		}
		if err != nil {
			answer := s.explain(r, err)
			http.Error(w, answer.text, answer.status)
		}
	})
}

// render writes a component as HTML. It renders all of it first: an error is an error page, never
// half a page.
func render(w http.ResponseWriter, r *http.Request, status int, component templ.Component) error {
	var buf bytes.Buffer
	if err := component.Render(r.Context(), &buf); err != nil {
		return fmt.Errorf("render %s: %w", r.URL.Path, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // whoever asked has gone: there is nobody left to tell
	return nil
}

// fail shows the error page.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	answer := s.explain(r, err)
	if err := render(w, r, answer.status, errorPage(s.frame(r, answer.title), answer)); err != nil {
		s.log.Error("error page failed", "path", r.URL.Path, "error", err)
		http.Error(w, answer.text, answer.status)
	}
}
