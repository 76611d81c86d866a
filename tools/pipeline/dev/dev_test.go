package dev_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"magpie.build/tools/pipeline/dev"
)

func TestEditRestartsExactlyTheAppsThatImportIt(t *testing.T) {
	t.Parallel()
	h := supervise(t, options(newWorkspace(t)))
	one, two := h.link("one"), h.link("two")
	firstOne, firstTwo := h.get(one+"/processes"), h.get(two+"/processes")

	write(t, h.root, "packages/own/own.go", "package own\n\nvar Changed int\n")
	h.until("a new process of two", func() bool { return h.get(two+"/processes") != firstTwo })
	if now := h.get(one + "/processes"); now != firstOne {
		t.Errorf("one imports nothing that changed, and was restarted: %s, then %s", firstOne, now)
	}

	write(t, h.root, sharedFile, strings.Replace(sharedText, "first", "second", 1))
	for _, link := range []string{one, two} {
		h.until("the new text on "+link, func() bool { return strings.Contains(h.get(link), "second") })
	}
}

func TestSaveWithoutChangeDoesNothing(t *testing.T) {
	t.Parallel()
	h := supervise(t, options(newWorkspace(t)))
	one, two := h.link("one"), h.link("two")
	first := h.get(one + "/processes")
	write(t, h.root, sharedFile, sharedText)
	write(t, h.root, "packages/shared/README.md", "nothing imports this\n")
	write(t, h.root, "packages/shared/shared_test.go", "package shared\n")
	// A later change that concerns two alone shows that the earlier ones have been dealt with.
	write(t, h.root, "packages/own/own.go", "package own\n\nvar Changed int\n")
	firstTwo := h.get(two + "/processes")
	h.until("a new process of two", func() bool { return h.get(two+"/processes") != firstTwo })
	if now := h.get(one + "/processes"); now != first {
		t.Errorf("one was restarted without a change: %s, then %s", first, now)
	}
}

func TestBrokenBuildKeepsTheOldProcessAndTellsTerminalAndBrowser(t *testing.T) {
	t.Parallel()
	h := supervise(t, options(newWorkspace(t)))
	one := h.link("one")
	first := h.get(one + "/processes")
	events := h.events(one)
	calm := events.next(t)

	write(t, h.root, sharedFile, sharedText+"\nvar broken int = \"text\"\n")
	const place = sharedFile + ":7:18: "
	if got := events.next(t); !strings.Contains(got, place) || !strings.Contains(got, "build failed") {
		t.Errorf("the event does not name the place %q: %s", place, got)
	}
	h.printed("one | "+place, 1)
	if now := h.get(one + "/processes"); now != first {
		t.Errorf("the old process does not run any more: %s, then %s", first, now)
	}

	write(t, h.root, sharedFile, strings.Replace(sharedText, "first", "repaired", 1))
	var last string
	h.until("an event without a report", func() bool {
		last = events.next(t)
		return strings.Contains(last, `"report":null`)
	})
	if last == calm {
		t.Errorf("the page would not reload: the event is the one from before, %s", last)
	}
	if page := h.get(one); !strings.Contains(page, "repaired") {
		t.Errorf("the new process does not serve: %s", page)
	}
}

func TestFirstBuildThatFailsShowsAPageThatRecovers(t *testing.T) {
	t.Parallel()
	root := newWorkspace(t)
	write(t, root, sharedFile, "package shared\n\nconst Text = 1 +\n")
	o := options(root)
	o.Apps[0].Addr = freePort(t)
	h := supervise(t, o)
	h.printed("one | build failed", 1)
	link := "http://" + o.Apps[0].Addr
	status, page := h.fetch(link, http.Header{"Accept": {"text/html"}})
	if status != http.StatusServiceUnavailable || !strings.Contains(page, "/__dev/client.js") {
		t.Errorf("got %d and %s", status, page)
	}
	write(t, root, sharedFile, sharedText)
	h.until("the page", func() bool { return strings.Contains(h.get(link), "first") })
}

func TestStartThatFailsShowsTheLastLines(t *testing.T) {
	t.Parallel()
	h := supervise(t, options(newWorkspace(t)))
	one := h.link("one")
	write(t, h.root, sharedFile, strings.Replace(sharedText, "func Check() {}", "func Check() { panic(\"no such room\") }", 1))
	h.printed("did not start: exit status 2", 2)
	status, text := h.fetch(one, nil)
	if status != http.StatusServiceUnavailable || !strings.Contains(text, "one is not running") {
		t.Errorf("got %d and %s", status, text)
	}
	if event := h.events(one).next(t); !strings.Contains(event, "no such room") {
		t.Errorf("the event does not say why: %s", event)
	}
	write(t, h.root, sharedFile, sharedText)
	h.until("the page", func() bool { return strings.Contains(h.get(one), "first") })
}

func TestRequestsDuringARestartWaitForTheNewProcess(t *testing.T) {
	t.Parallel()
	h := supervise(t, options(newWorkspace(t)))
	one := h.link("one")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if status, _ := h.fetch(one, nil); status != http.StatusOK {
					t.Errorf("got status %d", status)
				}
			}
		})
	}
	for n := range 3 {
		text := fmt.Sprintf("version %d", n)
		write(t, h.root, sharedFile, strings.Replace(sharedText, "first", text, 1))
		h.until(text, func() bool { return strings.Contains(h.get(one), text) })
	}
	cancel()
	wg.Wait()
}

func TestUpgradedConnectionsPassThrough(t *testing.T) {
	t.Parallel()
	h := supervise(t, options(newWorkspace(t)))
	host := strings.TrimPrefix(h.link("one"), "http://")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, conn)
	say := func(text string) {
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	say("GET /echo HTTP/1.1\r\nHost: " + host + "\r\nOrigin: http://" + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, response.Body)
	if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("X-Host") != host || response.Header.Get("X-Origin") != "http://"+host {
		t.Fatalf("got %s, %v", response.Status, response.Header)
	}
	say("hello\n")
	if line, err := reader.ReadString('\n'); line != "hello\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

func TestGenerateRunsBeforeTheBuildThatNeedsIt(t *testing.T) {
	t.Parallel()
	root := newWorkspace(t)
	write(t, root, "packages/shared/text.templ", "generated")
	o := options(root)
	o.Generate = func(_ context.Context, _ []string) error {
		content, err := os.ReadFile(filepath.Join(root, "packages/shared/text.templ"))
		if err != nil {
			return err
		}
		if strings.Contains(string(content), "{{") {
			return errors.New("packages/shared/text.templ:1:1: brace not closed")
		}
		text := fmt.Sprintf("package shared\n\nconst Text = %q\n\nfunc Check() {}\n", content)
		return os.WriteFile(filepath.Join(root, "packages/shared/text_templ.go"), []byte(text), 0o600)
	}
	if err := os.Remove(filepath.Join(root, sharedFile)); err != nil {
		t.Fatal(err)
	}
	h := supervise(t, o)
	one := h.link("one")
	if page := h.get(one); !strings.Contains(page, "generated") {
		t.Errorf("got %s", page)
	}
	write(t, root, "packages/shared/text.templ", "{{")
	h.printed("one | generate failed", 1)
	write(t, root, "packages/shared/text.templ", "repaired")
	h.until("the new text", func() bool { return strings.Contains(h.get(one), "repaired") })
}

func TestWatchedFileRestartsWithoutABuild(t *testing.T) {
	t.Parallel()
	o := options(newWorkspace(t))
	o.Apps[0].Watch = []string{"apps/one/*.toml"}
	h := supervise(t, o)
	one := h.link("one")
	first := h.get(one + "/processes")
	write(t, h.root, "apps/one/config.toml", "a = 1\n")
	h.until("a new process", func() bool { return h.get(one+"/processes") != first })
	h.printed("build 0ms", 1)
}

func TestEnvironmentOfAnApp(t *testing.T) {
	t.Parallel()
	o := options(newWorkspace(t))
	h := supervise(t, o)
	h.link("one")
	var admin string
	for line := range strings.Lines(h.out.String()) {
		if strings.HasSuffix(strings.TrimSpace(line), "(admin)") {
			admin = strings.Fields(line)[1]
		}
	}
	want := filepath.Join(h.root, ".magpie", "dev", "data", "one")
	if got := h.get(admin); got != "admin of "+want {
		t.Errorf("got %q, want the folder %s", got, want)
	}
	if _, err := os.Stat(want); err != nil {
		t.Error(err)
	}
}

func TestAddressThatCannotBeHadIsNamedWithTheRemedy(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, taken)
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for name, test := range map[string]struct{ addr, want string }{
		"in use":       {taken.Addr().String(), "port " + port + " is in use"},
		"not loopback": {"0.0.0.0:8080", "0.0.0.0:8080 is not a loopback address"},
		"malformed":    {"8080", "missing port in address"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(newWorkspace(t))
			o.Apps[0].Addr = test.addr
			err := dev.Run(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "DEV_ONE_ADDR") {
				t.Errorf("got %v, want %q and the variable DEV_ONE_ADDR", err, test.want)
			}
		})
	}
}

func TestVariableChoosesAnotherAddress(t *testing.T) {
	t.Parallel()
	o := options(newWorkspace(t))
	addr := freePort(t)
	o.Env = append(os.Environ(), "DEV_TWO_ADDR="+addr)
	if got := supervise(t, o).link("two"); got != "http://"+addr {
		t.Errorf("got %s, want %s", got, addr)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, l)
	return l.Addr().String()
}

func closing(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// stream is an open stream of events.
type stream struct{ lines *bufio.Scanner }

func (h *house) events(link string) stream {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, link+"/__dev/events", http.NoBody)
	if err != nil {
		h.t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { closing(h.t, response.Body) })
	return stream{bufio.NewScanner(response.Body)}
}

// next returns the data of the next event.
func (s stream) next(t *testing.T) string {
	t.Helper()
	for s.lines.Scan() {
		if data, ok := strings.CutPrefix(s.lines.Text(), "data: "); ok {
			return data
		}
	}
	t.Fatal("the stream of events ended")
	return ""
}
