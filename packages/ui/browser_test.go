package ui_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"magpie.build/packages/ui"
	"magpie.build/packages/ui/assets"
	"magpie.build/packages/ui/codeblock"
	"magpie.build/packages/ui/page"
	"magpie.build/packages/ui/theme"
)

// policy is the strictest that a page of these components needs.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; require-trusted-types-for 'script'"

func TestScriptsInABrowser(t *testing.T) {
	ctx, address := open(t)
	clipboard := &browser.PermissionDescriptor{Name: "clipboard-write"}
	do(ctx, t,
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{Permission: clipboard, Setting: browser.PermissionSettingGranted})
			return err
		}),
		chromedp.Navigate(address+"/static"),
		expect("the theme is the system's", `document.documentElement.dataset.theme`, "system"),
		chromedp.Click(`.theme-input[value="dark"]`),
		expect("the choice holds at once", shownTheme, "dark"),
		chromedp.Reload(),
		expect("and after a reload", shownTheme, "dark"),
		expect("the switch shows it", `document.querySelector(".theme-input:checked").value`, "dark"),

		chromedp.Click(`[data-copy]`),
		expect("the copy button says so", `document.querySelector("[data-copy]").innerText.trim()`, "Copied"),
	)
}

func TestPagesWorkWithoutScripts(t *testing.T) {
	ctx, address := open(t)
	do(ctx, t,
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
			return err
		}),
		chromedp.EmulateViewport(390, 800),

		chromedp.Navigate(address+"/static"),
		chromedp.Click(`.theme-input[value="dark"]`),
		expect("a static page shows the choice", shownTheme, "dark"),

		chromedp.Navigate(address+"/"),
		chromedp.Click(`.theme-input[value="dark"]`),
		chromedp.Click(`.theme-save`),
		chromedp.WaitVisible(`html[data-theme="dark"]`),
		expect("a server keeps the choice", shownTheme, "dark"),

		expect("the sidebar is away on a phone", shownSidebar, "none"),
		chromedp.Click(`.page-menu`),
		expect("and comes by its button", shownSidebar, "block"),
	)
}

const (
	shownTheme   = `getComputedStyle(document.documentElement).colorScheme`
	shownSidebar = `getComputedStyle(document.getElementById("sidebar")).display`
)

// open starts a site under the policy, and a browser whose console must stay without errors.
func open(t *testing.T) (ctx context.Context, address string) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	server := httptest.NewServer(site(t))
	t.Cleanup(server.Close)

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.DisableGPU)
	if os.Geteuid() == 0 { // Chromium's sandbox refuses to start as root, as in containers
		options = append(options, chromedp.NoSandbox)
	}
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	if _, err := chromedp.Run(ctx, chromedp.Title()); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	watchConsole(ctx, t)
	return ctx, server.URL
}

func watchConsole(ctx context.Context, t *testing.T) {
	t.Helper()
	var problems []string
	var mu sync.Mutex
	err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*log.EventEntryAdded); ok && e.Entry.Level == log.EntryLevelError {
			mu.Lock()
			defer mu.Unlock()
			problems = append(problems, e.Entry.Text+" "+e.Entry.URL)
		}
	})
	if err != nil {
		t.Fatalf("listen to the console: %v", err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatalf("listen to the console: %v", err)
	}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, problem := range problems {
			t.Errorf("the console says: %s", problem)
		}
	})
}

// chromium returns the browser, or fails the test with a way out.
func chromium(t *testing.T) string {
	t.Helper()
	candidates := []string{
		os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "chrome",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", `C:\Program Files\Google\Chrome\Application\chrome.exe`,
	}
	for _, name := range candidates {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no Chromium found: `go tool mage doctor` says how to get one, CHROMIUM where it is")
	return ""
}

// site has a page rendered for each reader at "/", and the same page as a static one at "/static".
func site(t *testing.T) http.Handler {
	t.Helper()
	static, err := assets.New(ui.Dist())
	if err != nil {
		t.Fatal(err)
	}
	url := func(name string) string {
		u, err := static.URL(name)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	props := page.Props{
		Title:       "Test",
		Brand:       "Test",
		Sidebar:     templ.Raw("<p>Sidebar</p>"),
		Head:        templ.Raw(`<link rel="icon" href="data:,">`),
		Stylesheets: []string{url("ui.css")},
		Scripts:     []string{url("ui.js")},
	}
	mux := http.NewServeMux()
	mux.Handle(assets.Prefix, static)
	mux.Handle("/theme", theme.Handler())
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		p := props
		p.Theme = theme.FromRequest(r)
		p.Header = theme.Switch(theme.SwitchProps{Choice: p.Theme, Action: "/theme"})
		respond(w, r, page.Page(p))
	})
	mux.HandleFunc("/static", func(w http.ResponseWriter, r *http.Request) {
		p := props
		p.EarlyScripts = []string{url("theme.js")}
		p.Header = theme.Switch(theme.SwitchProps{})
		respond(w, r, page.Page(p))
	})
	return mux
}

func respond(w http.ResponseWriter, r *http.Request, c templ.Component) {
	w.Header().Set("Content-Security-Policy", policy)
	content := codeblock.CodeBlock(codeblock.Props{Language: "sh", Text: "go tool mage dev\n"})
	if err := c.Render(templ.WithChildren(r.Context(), content), w); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func do(ctx context.Context, t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// expect waits until an expression has a value.
func expect(what, expression, want string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			got, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
			if err == nil && got == want {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s: %s is %q, want %q (%v)", what, expression, got, want, err)
			case <-tick.C:
			}
		}
	})
}
