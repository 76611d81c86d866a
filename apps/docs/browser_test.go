package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"magpie.build/apps/docs/internal/search"
	"magpie.build/apps/docs/internal/serve"
)

// thisSite builds the documentation of this workspace and serves it as static files.
func thisSite(t *testing.T) (address, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "site")
	if err := run(t.Context(), []string{"build", "-out=" + dir}, nil, &bytes.Buffer{}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	files, err := serve.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(serve.Handler(files))
	t.Cleanup(func() {
		server.Close()
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL, dir
}

// A tab is a window of a real browser whose console is listened to.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// openTab starts a browser that ends with the test.
func openTab(t *testing.T) *tab {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.DisableGPU)
	if os.Geteuid() == 0 { // Chromium refuses its sandbox to root, as in containers
		options = append(options, chromedp.NoSandbox)
	}
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, closeTab := chromedp.NewContext(allocator)
	p := &tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx, enableConsole); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	var listening sync.WaitGroup
	listening.Go(func() {
		for e, err := range chromedp.Events(ctx, runtime.ExceptionThrown) {
			if err != nil {
				return
			}
			p.complain(e.ExceptionDetails.Text)
		}
	})
	listening.Go(func() {
		for e, err := range chromedp.Events(ctx, cdplog.EntryAdded) {
			if err != nil {
				return
			}
			if e.Entry.Level == cdplog.EntryLevelError {
				p.complain(e.Entry.Text)
			}
		}
	})
	t.Cleanup(func() {
		closeTab()
		listening.Wait()
	})
	return p
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{
		os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "chrome",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", `C:\Program Files\Google\Chrome\Application\chrome.exe`,
	} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no Chromium was found: go tool mage doctor says how to get one, CHROMIUM where it is")
	return ""
}

func enableConsole(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
	if _, err := cdp.Call(ctx, target, runtime.Enable, cdp.Empty{}); err != nil {
		return chromedp.Void{}, err
	}
	_, err := cdp.Call(ctx, target, cdplog.Enable, cdp.Empty{})
	return chromedp.Void{}, err
}

func (p *tab) complain(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complaints = append(p.complaints, text)
}

// heard returns what the console complained about since it was last asked.
func (p *tab) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.complaints
	p.complaints = nil
	return taken
}

// patience is how long anything may take on a slow machine that does other things as well.
const patience = 30 * time.Second

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

// until waits until a JavaScript expression is true.
func (p *tab) until(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(0))); err != nil {
		p.t.Fatalf("browser: never became true: %s (%v)", expression, err)
	}
}

func value[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("browser: %s: %v", expression, err)
	}
	return v
}

func TestInABrowser(t *testing.T) {
	p := openTab(t)
	address, dir := thisSite(t)

	t.Run("pages fit every screen and complain about nothing", func(t *testing.T) {
		p.t = t
		for _, page := range []string{
			"/", "/guides/pipeline/", "/guides/message-journey/", "/api/", "/api/packages/pubsub/", "/api/apps/server/internal/realtime/",
			"/symbols/", "/components/", "/components/button/", "/components/page/", "/configuration/", "/tasks/", "/search/?q=hub", "/source/magefile.go/",
		} {
			for _, width := range []int64{390, 1280} {
				p.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(address+page), chromedp.WaitReady("main"))
				if over := value[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
					t.Errorf("%s at %d pixels is %d pixels too wide", page, width, over)
				}
			}
			for _, complaint := range p.heard() {
				t.Errorf("%s: %s", page, complaint)
			}
		}
	})

	t.Run("a theme is chosen and kept", func(t *testing.T) {
		p.t = t
		const ground = `getComputedStyle(document.body).backgroundColor`
		p.do(chromedp.Navigate(address+"/"), chromedp.WaitReady("main"))
		p.do(chromedp.Click(`.theme-input[value="light"]`))
		light := value[string](p, ground)
		p.do(chromedp.Click(`.theme-input[value="dark"]`))
		dark := value[string](p, ground)
		p.do(chromedp.Navigate(address+"/guides/pipeline/"), chromedp.WaitReady("main"))
		if kept := value[string](p, ground); light == dark || kept != dark {
			t.Errorf("light is %s, dark %s, the next page %s", light, dark, kept)
		}
	})

	t.Run("the keyboard is enough to search", func(t *testing.T) {
		p.t = t
		for name, press := range map[string]chromedp.Action[chromedp.Void]{
			"/": chromedp.KeyEvent("/"), "Control+K": chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)),
		} {
			p.do(chromedp.Navigate(address+"/"), chromedp.WaitReady("main"))
			p.until(`document.readyState === "complete"`)
			p.do(press, chromedp.WaitVisible("dialog.search"), chromedp.KeyEvent("pubsub.Broker"))
			p.until(`document.querySelector("dialog .result-title")?.textContent === "Broker"`)
			p.do(chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("#Broker"))
			if at := value[string](p, "location.pathname + location.hash"); at != "/api/packages/pubsub/#Broker" {
				t.Errorf("%s led to %s", name, at)
			}
		}
	})

	t.Run("the browser finds what Go finds", func(t *testing.T) {
		p.t = t
		index, err := search.Open(os.DirFS(filepath.Join(dir, "search-index")))
		if err != nil {
			t.Fatal(err)
		}
		p.do(chromedp.Navigate(address+"/search/"), chromedp.WaitReady("[data-search-input]"))
		p.until(`document.readyState === "complete"`)
		for _, query := range []string{
			"Hub", "Broker.Publish", "redis", "publishing", "how to run the tests", "REDIS_URL", "cache key", "newhub", "pipeline.Task",
			"scal", "config secret", "zzzz", "subscribe to a channel", "button", "mage build",
		} {
			hits, err := index.Search(query, 12)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]string, 0, len(hits))
			for _, h := range hits {
				want = append(want, h.URL)
			}
			value[bool](p, fmt.Sprintf(`(() => {
				document.querySelector("[data-search-status]").textContent = "";
				const box = document.querySelector("[data-search-input]");
				box.value = %q;
				return box.dispatchEvent(new Event("input"));
			})()`, query))
			p.until(`document.querySelector("[data-search-status]").textContent !== ""`)
			got := value[[]string](p, `[...document.querySelectorAll("[data-search-results] a")].map(a => a.getAttribute("href"))`)
			if !slices.Equal(got, want) {
				t.Errorf("%q: the browser found\n%q, Go\n%q", query, got, want)
			}
		}
	})
}
