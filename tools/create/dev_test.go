package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long anything may take on a slow machine that compiles for others as well.
const patience = 3 * time.Minute

// A new workspace is at once one where people talk, and go on talking while its server is rebuilt and
// restarted under them.
func TestPeopleTalkInANewWorkspaceWhileItsServerIsRestarted(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the apps and needs a browser")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	link, restarted := develop(ctx, t, newWorkspace(t))
	browser := newBrowser(ctx, t)
	ada, bob := enter(browser, t, link, "Ada"), enter(browser, t, link, "Bob")
	texts := []string{"before"}
	ada.say("before")
	bob.sees(texts...)
	for _, p := range []person{ada, bob} {
		p.do(chromedp.Evaluate[chromedp.Void](`window.untouched = true`))
	}

	ended := restarted()
	for i := 0; ; i++ {
		text := fmt.Sprintf("number %d", i)
		texts = append(texts, text)
		[]person{ada, bob}[i%2].say(text)
		select {
		case <-ended:
		case <-browser.Done():
			t.Fatal("the server was not restarted in time")
		default:
			continue
		}
		break
	}
	for _, p := range []person{ada, bob} {
		p.sees(texts...)
		p.until(`window.untouched === true`)
	}
}

// newWorkspace makes a workspace from the one that this file lies in.
func newWorkspace(t *testing.T) string {
	t.Helper()
	t.Chdir(filepath.Join("..", ".."))
	target := filepath.Join(t.TempDir(), "acme")
	if _, err := create(t, "-module=example.com/acme", "-git=false", target); err != nil {
		t.Fatal(err)
	}
	return target
}

// develop runs mage dev until the test ends. It returns the chat's address, and what edits the server and
// says when the new one runs.
func develop(ctx context.Context, t *testing.T, root string) (link string, restart func() <-chan struct{}) {
	t.Helper()
	dev := exec.CommandContext(ctx, "go", "tool", "mage", "dev")
	dev.Dir = root
	dev.Env = append(os.Environ(), "GOPROXY=off", "NO_COLOR=1", "DEV_SERVER_ADDR=127.0.0.1:0", "DEV_SERVER_ADMIN_ADDR=127.0.0.1:0", "DEV_DOCS_ADDR=127.0.0.1:0")
	output, err := dev.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	dev.Stderr = dev.Stdout
	group(dev)
	if err := dev.Start(); err != nil {
		t.Fatal(err)
	}
	links, ready, done := make(chan string, 1), make(chan struct{}, 8), make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			t.Log(lines.Text())
			if address, ok := strings.CutPrefix(lines.Text(), "server: "); ok && !strings.Contains(address, "admin") {
				links <- address
			}
			if strings.HasPrefix(lines.Text(), "server |") && strings.Contains(lines.Text(), "| ready ") {
				ready <- struct{}{}
			}
		}
	}()
	t.Cleanup(func() {
		interrupt(dev)
		<-done
		_ = dev.Wait() // it was interrupted
	})
	select {
	case link = <-links:
		<-ready
	case <-done:
		t.Fatal("mage dev ended before it had an address")
	case <-ctx.Done():
		t.Fatal("mage dev had no address in time")
	}
	return link, func() <-chan struct{} {
		file := filepath.Join(root, "apps", "server", "main.go")
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(source, "\nvar _ = \"another program\"\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
		return ready
	}
}

// newBrowser starts a browser that ends with the test.
func newBrowser(ctx context.Context, t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.DisableGPU)
	if named := os.Getenv("CHROMIUM"); named != "" {
		options = append(options, chromedp.ExecPath(named))
	}
	if os.Geteuid() == 0 { // Chromium refuses its sandbox to root, as in containers
		options = append(options, chromedp.NoSandbox)
	}
	allocator, end := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("start the browser: %v; `go tool mage doctor` says how to get one, CHROMIUM where it is", err)
	}
	return browser
}

// A person is somebody at a browser window with cookies of its own.
type person struct {
	window context.Context
	t      *testing.T
}

// enter signs somebody in and takes them to the general room.
func enter(browser context.Context, t *testing.T, link, name string) person {
	t.Helper()
	window, closeWindow := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(closeWindow)
	p := person{window, t}
	p.do(
		chromedp.Navigate(link+"/rooms/general"),
		chromedp.WaitVisible("#name"),
		chromedp.SendKeys("#name", name+kb.Enter),
		chromedp.WaitVisible("[data-composer]"),
	)
	p.until(`document.querySelector("[data-connection]").dataset.state === "online"`)
	return p
}

func (p person) say(text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys("#composer-text", text+kb.Enter))
}

// sees waits until the window shows exactly these messages, as confirmed ones: none lost, none double, in
// whatever order they came to the server.
func (p person) sees(texts ...string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`JSON.stringify([...document.querySelectorAll(".messages .message:not([data-state]) [data-part=text]")].map(m => m.textContent.trim()).sort()) ===
		JSON.stringify(%q.split("|").sort())`, strings.Join(texts, "|")))
}

func (p person) until(expression string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.window, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(0))); err != nil {
		text, _ := chromedp.Run(p.window, chromedp.Evaluate[string](`document.body.innerText`))
		p.t.Fatalf("never became true: %s (%v)\n%s", expression, err, text)
	}
}

func (p person) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.window, actions...); err != nil {
		p.t.Fatal(err)
	}
}
