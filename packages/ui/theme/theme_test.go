package theme_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"magpie.build/packages/ui/internal/htmltest"
	"magpie.build/packages/ui/theme"
)

func TestChoiceSurvivesFormAndCookie(t *testing.T) {
	for _, choice := range []theme.Choice{theme.System, theme.Light, theme.Dark} {
		r := post(t, "theme="+choice.String(), "http://example.com/rooms/lobby?before=7")
		if r.Code != http.StatusSeeOther || r.Header().Get("Location") != "/rooms/lobby?before=7" {
			t.Errorf("%s: %d to %q, want 303 back to the page", choice, r.Code, r.Header().Get("Location"))
		}
		next := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		next.AddCookie(cookie(t, r))
		if got := theme.FromRequest(next); got != choice {
			t.Errorf("chosen %s, kept %s", choice, got)
		}
	}
}

func TestUnknownChoiceIsTheSystems(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if got := theme.FromRequest(r); got != theme.System {
		t.Errorf("without a cookie: %q", got)
	}
	r.AddCookie(&http.Cookie{Name: theme.CookieName, Value: `"><script>`})
	if got := theme.FromRequest(r); got != theme.System {
		t.Errorf("with a strange cookie: %q", got)
	}
	if got := cookie(t, post(t, "theme=pink", "")).Value; got != "system" {
		t.Errorf("posted pink, kept %q", got)
	}
}

func TestNobodyIsSentToAnotherSite(t *testing.T) {
	for referer, want := range map[string]string{
		"":                                   "/",
		"http://evil.example/x":              "/",
		"http://example.com//evil.example/x": "/evil.example/x",
		"http://example.com/\\evil.example":  "/%5Cevil.example",
		"://":                                "/",
		"http://example.com":                 "/",
	} {
		if got := post(t, "theme=dark", referer).Header().Get("Location"); got != want {
			t.Errorf("from %q to %q, want %q", referer, got, want)
		}
	}
}

func TestThemeIsChangedByPostOnly(t *testing.T) {
	w := httptest.NewRecorder()
	theme.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/theme?theme=dark", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d with the cookie %q", w.Code, w.Header().Get("Set-Cookie"))
	}
}

func TestSwitchShowsTheChoice(t *testing.T) {
	for _, choice := range []theme.Choice{theme.System, theme.Light, theme.Dark} {
		root := htmltest.Parse(t, theme.Switch(theme.SwitchProps{Choice: choice, Action: "/theme"}))
		for input := range htmltest.Elements(root, "input") {
			value, _ := htmltest.Attr(input, "value")
			if _, checked := htmltest.Attr(input, "checked"); checked != (value == choice.String()) {
				t.Errorf("%s: %s is checked: %v", choice, value, checked)
			}
		}
	}
}

func post(t *testing.T, form, referer string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/theme", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Referer", referer)
	w := httptest.NewRecorder()
	theme.Handler().ServeHTTP(w, r)
	return w
}

func cookie(t *testing.T, r *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	c, err := http.ParseSetCookie(r.Header().Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
