package theme

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Choice is a theme, or that the system decides.
type Choice string

// The choices. The zero value follows the system.
const (
	System Choice = ""
	Light  Choice = "light"
	Dark   Choice = "dark"
)

// CookieName is the cookie that keeps the choice. ui.ts knows it too.
const CookieName = "theme"

// String is what stands in forms and in the cookie.
func (c Choice) String() string {
	if c == System {
		return "system"
	}
	return string(c)
}

// FromRequest returns the choice a request carries, [System] if none or an unknown one.
func FromRequest(r *http.Request) Choice {
	cookie, err := r.Cookie(CookieName)
	if err != nil {
		return System
	}
	return parse(cookie.Value)
}

func parse(s string) Choice {
	switch c := Choice(s); c {
	case Light, Dark:
		return c
	default:
		return System
	}
}

// Handler answers the switch's form: it keeps the choice for a year and goes back to the page the form was on.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "the theme is changed by POST", http.StatusMethodNotAllowed)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<10) // one short field
		http.SetCookie(w, &http.Cookie{                //nolint:gosec // the page's script reads it, and it is no secret
			Name:     CookieName,
			Value:    parse(r.FormValue("theme")).String(),
			Path:     "/",
			MaxAge:   int((365 * 24 * time.Hour).Seconds()),
			SameSite: http.SameSiteLaxMode,
		})
		http.Redirect(w, r, back(r), http.StatusSeeOther) //nolint:gosec // back stays on this site
	})
}

// back is the path of the page that the request came from, on this site whatever the header says.
func back(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return "/"
	}
	return "/" + strings.TrimLeft(from.EscapedPath(), "/") + query(from)
}

func query(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	return "?" + u.RawQuery
}
