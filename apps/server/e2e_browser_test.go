package main

import (
	"context"
	"iter"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long anything may take that a person waits for, on a slow machine that does other
// things as well.
const patience = 30 * time.Second

// findChromium returns the browser, or fails the test with a way out.
func findChromium(t *testing.T) string {
	t.Helper()
	candidates := []string{
		"chromium", "chromium-browser", "google-chrome", "chrome",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", `C:\Program Files\Google\Chrome\Application\chrome.exe`,
	}
	if named := os.Getenv("CHROMIUM"); named != "" {
		candidates = []string{named}
	}
	for _, name := range candidates {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("no browser found, looked for %s: `go tool mage doctor` says how to get one, CHROMIUM where it is", strings.Join(candidates, ", "))
	return ""
}

// newBrowser starts a browser that ends with the test.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(findChromium(t)),
		chromedp.DisableGPU,
		chromedp.WindowSize(1280, 800))
	if os.Geteuid() == 0 { // Chromium refuses its sandbox to root, as in containers
		options = append(options, chromedp.NoSandbox)
	}
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return browser
}

// tab is a browser window with cookies of its own.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
}

// newTab opens a window. Its console must stay clean: the test fails otherwise.
func newTab(browser context.Context, t *testing.T) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	p := &tab{t: t, ctx: ctx}
	// The first action of a window makes it, and must not have a context that ends.
	if err := chromedp.Do(ctx, enable); err != nil {
		t.Fatalf("open a window: %v", err)
	}
	var watching sync.WaitGroup
	watch(&watching, p, chromedp.Events(ctx, runtime.ExceptionThrown), exception)
	watch(&watching, p, chromedp.Events(ctx, log.EntryAdded), logged)
	t.Cleanup(func() {
		closeTab()
		watching.Wait()
		for _, problem := range p.problems {
			t.Errorf("the browser's console says: %s", problem)
		}
	})
	return p
}

func enable(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
	if _, err := cdp.Call(ctx, target, runtime.Enable, cdp.Empty{}); err != nil {
		return chromedp.Void{}, err
	}
	_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
	return chromedp.Void{}, err
}

// watch notes each event that describe says something about.
func watch[E any](wg *sync.WaitGroup, p *tab, events iter.Seq2[E, error], describe func(E) string) {
	wg.Go(func() {
		for event, err := range events {
			if err != nil {
				return
			}
			if problem := describe(event); problem != "" {
				p.mu.Lock()
				p.problems = append(p.problems, problem)
				p.mu.Unlock()
			}
		}
	})
}

func exception(e runtime.EventExceptionThrown) string {
	if thrown := e.ExceptionDetails.Exception; thrown != nil && thrown.Description != "" {
		return thrown.Description
	}
	return e.ExceptionDetails.Text
}

// logged describes violations of the page's policy, and what else the browser finds wrong. That a server
// is away is what some tests are about; the page says so itself.
func logged(e log.EventEntryAdded) string {
	if e.Entry.Level != log.EntryLevelError || e.Entry.Source == log.EntrySourceNetwork ||
		strings.HasPrefix(e.Entry.Text, "WebSocket connection") {
		return ""
	}
	return e.Entry.Text
}

// run carries out actions, or fails the test.
func (p *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := p.try(actions...); err != nil {
		p.t.Fatalf("browser: %v\n%s", err, p.screen())
	}
}

func (p *tab) try(actions ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, actions...)
}

// screen is what the page says, for the message of a failed test.
func (p *tab) screen() string {
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		return "the page does not answer: " + err.Error()
	}
	return "the page says:\n" + text
}

// eventually waits until a JavaScript expression is true.
func (p *tab) eventually(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	poll := chromedp.Poll[bool](expression, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(0))
	if _, err := chromedp.Run(ctx, poll); err != nil {
		p.t.Fatalf("browser: never became true: %s (%v)\n%s", expression, err, p.screen())
	}
}

// evaluate returns the value of a JavaScript expression.
func evaluate[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("browser: %s: %v\n%s", expression, err, p.screen())
	}
	return value
}
