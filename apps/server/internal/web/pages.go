package web

import (
	"net/http"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/packages/ui/theme"
)

// frame is what every page has around its content.
type frame struct {
	title string
	// user is who is signed in, the zero User for nobody.
	user  auth.User
	theme theme.Choice
	links links
}

func (s *Server) frame(r *http.Request, title string) frame {
	f := frame{title: title, theme: theme.FromRequest(r), links: s.links}
	if user, err := s.user(r); err == nil {
		f.user = user
	}
	return f
}

func (s *Server) notFound(http.ResponseWriter, *http.Request) error { return errNoPage }

func (s *Server) denyOrigin(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errWrongOrigin) }
