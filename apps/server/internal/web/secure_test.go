package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/chat"
	"magpie.build/apps/server/internal/web"
)

func TestNoPageHasScriptOrStyleInside(t *testing.T) {
	s := newSite(t)
	pages := map[string]reply{"sign-in": s.get("/sign-in"), "not found": s.get("/nowhere")}
	ada := s.signIn("Ada")
	s.send(ada, "c1", "hello")
	for _, path := range []string{"/rooms", "/rooms/general", "/rooms/general?before=2", "/rooms/nowhere", "/rooms/general/messages", "/rooms/general/people"} {
		pages[path] = s.get(path)
	}
	for name, page := range pages {
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "private, no-cache",
		} {
			if got := page.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		policy := page.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", name, policy)
		}
		for element := range elements(parse(t, page.body)) {
			if element.Data == "style" || element.Data == "script" && attribute(element, "src") == "" {
				t.Errorf("%s has <%s> inside", name, element.Data)
			}
			seen := map[string]bool{}
			for _, a := range element.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Val, "javascript:") {
					t.Errorf("%s: <%s %s=%q>", name, element.Data, a.Key, a.Val)
				}
				if seen[a.Key] {
					t.Errorf("%s: <%s> has %s twice", name, element.Data, a.Key)
				}
				seen[a.Key] = true
			}
		}
	}
}

func TestWhatPeopleWriteIsShownAsText(t *testing.T) {
	attacks := []string{
		`<script>alert(1)</script>`,
		`<img src=x onerror=alert(1)>`,
		`"><svg onload=alert(1)>`,
		`'-alert(1)-'`,
		`</li></ol><iframe src="javascript:alert(1)">`,
		`javascript:alert(1)`,
		`https://example.com/"onmouseover="alert(1)`,
		`https://example.com/<script>alert(1)</script>`,
		`{{constructor.constructor('alert(1)')()}}`,
		`<!--`, `]]>`, `&lt;script&gt;`, `<template><script>alert(1)</script></template>`,
		`<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`,
	}
	s := newSite(t)
	ada := s.signIn(`<b onclick=alert(1)>"'&`)
	for _, attack := range attacks {
		message := chat.Message{ID: "m", ClientID: "c", UserID: ada.ID, Name: attack, Text: attack, At: time.Now()}
		row, err := web.RenderMessage(t.Context(), message)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for element := range elements(parse(t, row)) {
			switch element.Data {
			case "html", "head", "body", "li", "article", "span", "p", "time", "a":
			default:
				t.Errorf("%q made <%s>", attack, element.Data)
			}
			for _, a := range element.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "href" && !strings.HasPrefix(a.Val, "https://") {
					t.Errorf("%q made %s=%q", attack, a.Key, a.Val)
				}
			}
			if attribute(element, "data-part") == "text" {
				for node := range element.Descendants() {
					if node.FirstChild == nil {
						text += node.Data
					}
				}
			}
		}
		if strings.TrimSpace(text) != attack {
			t.Errorf("%q is shown as %q", attack, text)
		}
	}
}

func TestForgedAndForeignCookiesAreNobody(t *testing.T) {
	s := newSite(t)
	other, err := auth.NewSigner([]byte(strings.Repeat("x", auth.MinKey)), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Session(auth.User{ID: "u1", Name: "Eve"})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"foreign": foreign, "garbage": "abc", "empty": "", "long": strings.Repeat("a", 3000)} {
		r := s.request(http.MethodGet, "/rooms/general", nil)
		r.AddCookie(&http.Cookie{Name: "session", Value: value})
		answer := s.do(r)
		if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/sign-in?next=%2Frooms%2Fgeneral" {
			t.Errorf("%s: %s to %q", name, answer.Status, answer.Header.Get("Location"))
		}
	}
	if answer := s.get("/rooms/general/messages"); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a part of a page: %s", answer.Status)
	}
}

func TestFormsFromOtherSitesAreRefused(t *testing.T) {
	s := newSite(t)
	s.signIn("Ada")
	for origin, want := range map[string]int{
		"https://evil.example":          http.StatusForbidden,
		"null":                          http.StatusForbidden,
		s.url + ".evil.example":         http.StatusForbidden,
		s.url:                           http.StatusSeeOther,
		"https://chat.example.com":      http.StatusSeeOther,
		"https://chat.example.com.evil": http.StatusForbidden,
	} {
		r := s.request(http.MethodPost, "/rooms/general/messages", strings.NewReader("cid=1&text=hi"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		if answer := s.do(r); answer.StatusCode != want {
			t.Errorf("from %s: %s", origin, answer.Status)
		}
	}
}

func TestFormsThatAreTooLargeAreRefused(t *testing.T) {
	s := newSite(t)
	s.signIn("Ada")
	answer := s.post("/rooms/general/messages", url.Values{"cid": {"1"}, "text": {strings.Repeat("a", 100_000)}})
	if answer.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(answer.body, "That is too long") {
		t.Errorf("%s\n%s", answer.Status, answer.body)
	}
}

func TestSessionCookieIsKeptFromScriptsAndOtherSites(t *testing.T) {
	s := newSite(t)
	for proto, secure := range map[string]bool{"": false, "http": false, "https": true} {
		r := s.request(http.MethodPost, "/sign-in", strings.NewReader("name=Ada"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-Proto", proto)
		cookies := s.do(r).Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.MaxAge <= 0 || c.Path != "/" {
			t.Errorf("over %q: %+v", proto, c)
		}
	}
}

func TestSignInGoesOnToThisSiteAlone(t *testing.T) {
	s := newSite(t)
	for next, want := range map[string]string{
		"/rooms/general":       "/rooms/general",
		"":                     "/rooms",
		"https://evil.example": "/rooms",
		"//evil.example":       "/rooms",
		`/\evil.example`:       "/rooms",
		"javascript:alert(1)":  "/rooms",
	} {
		answer := s.post("/sign-in", url.Values{"name": {"Ada"}, "next": {next}})
		if got := answer.Header.Get("Location"); got != want {
			t.Errorf("next=%q leads to %q", next, got)
		}
	}
}

func TestBrokerThatIsGoneIsAPageThatSaysSo(t *testing.T) {
	s := newSite(t)
	s.signIn("Ada")
	if err := s.broker.Close(); err != nil {
		t.Fatal(err)
	}
	answer := s.get("/rooms/general")
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(answer.body, "Try again in a moment") {
		t.Errorf("%s\n%s", answer.Status, answer.body)
	}
}

func TestRowOfHistoryIsTheRowThatArrivedLive(t *testing.T) {
	s := newSite(t)
	ada := s.signIn("Ada")
	s.send(ada, "c1", "hello <world>\nhttps://example.com")
	page, err := s.chat.History(t.Context(), ada, "general", chat.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	live := page.Messages[0].HTML
	shown := s.get("/rooms/general/messages").body
	if !strings.Contains(strings.Replace(shown, ` data-offset="1" data-author`, ` data-author`, 1), live) {
		t.Errorf("history shows\n%s\nbut live was\n%s", shown, live)
	}
}
