package web

import (
	"net/http"
	"net/url"
	"strings"

	"magpie.build/apps/server/internal/auth"
)

// sessionCookie keeps the proof of who somebody is. Scripts cannot read it, and other sites' forms
// do not carry it.
const sessionCookie = "session"

// user returns who sent the request, or [auth.ErrUnauthenticated].
func (s *Server) user(r *http.Request) (auth.User, error) { return userOf(s.signer, r.Header) }

// userOf reads the session from a request's header, which is all a connection keeps of its request.
func userOf(signer *auth.Signer, header http.Header) (auth.User, error) {
	request := http.Request{Header: header}
	cookie, err := request.Cookie(sessionCookie)
	if err != nil {
		return auth.User{}, auth.ErrUnauthenticated
	}
	return signer.CheckSession(cookie.Value)
}

// signedIn sends who is not to the sign-in page, and afterwards back to where they wanted to go.
func (s *Server) signedIn(h handleUser) handle {
	return func(w http.ResponseWriter, r *http.Request) error {
		user, err := s.user(r)
		if err == nil {
			return h(w, r, user)
		}
		target := "/sign-in"
		if r.Method == http.MethodGet {
			target += "?next=" + url.QueryEscape(r.URL.RequestURI())
		}
		http.Redirect(w, r, target, http.StatusSeeOther)
		return nil
	}
}

// keepSession signs the user in on this browser.
func (s *Server) keepSession(w http.ResponseWriter, r *http.Request, user auth.User) error {
	proof, err := s.signer.Session(user)
	if err != nil {
		return err
	}
	setSession(w, r, proof, int(auth.SessionTTL.Seconds()))
	return nil
}

func dropSession(w http.ResponseWriter, r *http.Request) { setSession(w, r, "", -1) }

func setSession(w http.ResponseWriter, r *http.Request, proof string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever the browser speaks TLS
		Name:     sessionCookie,
		Value:    proof,
		Path:     "/",
		MaxAge:   maxAge,
		HttpOnly: true,
		Secure:   overTLS(r),
		SameSite: http.SameSiteLaxMode,
	})
}

// overTLS is true where the browser speaks TLS, to us or to the proxy before us. Who lies about it
// only loses their own cookie.
func overTLS(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// localPath returns a path on this server to go on to, "/rooms" for anything else.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		return "/rooms"
	}
	return u.RequestURI()
}
