package dev_test

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"magpie.build/tools/pipeline/dev"
)

func TestMain(m *testing.M) {
	if os.Getenv("DEV_TEST_ROOT") != "" {
		os.Exit(superviseAlone()) //nolint:forbidigo // the program's main, in this case
	}
	goleak.VerifyTestMain(m)
}

// superviseAlone runs a supervisor as a program of its own, which a test may kill.
func superviseAlone() int {
	o := options(os.Getenv("DEV_TEST_ROOT"))
	o.Apps = o.Apps[:1]
	o.Stdout, o.Stderr = os.Stdout, os.Stderr
	if err := dev.Run(context.Background(), o); err != nil { //nolint:forbidigo // as above
		return 1
	}
	return 0
}

//go:embed testdata/program/main.go.txt
var program string

const (
	sharedFile = "packages/shared/shared.go"
	sharedText = "package shared\n\nconst Text = \"first\"\n\nfunc Check() {}\n"
	patience   = 60 * time.Second // two cores that compile for others as well
)

// newWorkspace writes two apps, a package that both import, and one that only "two" imports.
func newWorkspace(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	two := strings.Replace(program, "\"example.com/acme/packages/shared\"", "\"example.com/acme/packages/shared\"\n\t_ \"example.com/acme/packages/own\"", 1)
	for name, content := range map[string]string{
		"go.work":                "go 1.26.0\n\nuse (\n\t./apps/one\n\t./apps/two\n\t./packages/own\n\t./packages/shared\n)\n",
		"apps/one/go.mod":        "module example.com/acme/apps/one\n\ngo 1.26.0\n",
		"apps/one/main.go":       program,
		"apps/two/go.mod":        "module example.com/acme/apps/two\n\ngo 1.26.0\n",
		"apps/two/main.go":       two,
		"packages/own/go.mod":    "module example.com/acme/packages/own\n\ngo 1.26.0\n",
		"packages/own/own.go":    "package own\n",
		"packages/shared/go.mod": "module example.com/acme/packages/shared\n\ngo 1.26.0\n",
		sharedFile:               sharedText,
	} {
		write(t, root, name, content)
	}
	return root
}

func write(t *testing.T, root, name, content string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func options(root string) dev.Options {
	return dev.Options{Root: root, Apps: []dev.App{
		{Name: "one", Module: "apps/one", Addr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0"},
		{Name: "two", Module: "apps/two", Addr: "127.0.0.1:0"},
	}}
}

// house is a supervisor that runs.
type house struct {
	t      *testing.T
	root   string
	out    *transcript
	cancel context.CancelFunc
	done   chan error
}

// supervise starts Run, which the test's end stops and waits for.
func supervise(t *testing.T, o dev.Options) *house {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	h := &house{t: t, root: o.Root, out: &transcript{}, cancel: cancel, done: make(chan error, 1)}
	o.Stdout, o.Stderr = h.out, h.out
	go func() {
		defer close(h.done)
		h.done <- dev.Run(ctx, o)
	}()
	t.Cleanup(func() {
		h.stop()
		if t.Failed() {
			t.Log(h.out)
		}
	})
	return h
}

// stop ends the supervisor and waits for it. It may be called twice.
func (h *house) stop() {
	h.t.Helper()
	h.cancel()
	if err := <-h.done; err != nil {
		h.t.Error(err)
	}
}

// link returns the address that was printed for an app.
func (h *house) link(prefix string) string {
	h.t.Helper()
	var link string
	h.until("a link of "+prefix, func() bool {
		for line := range strings.Lines(h.out.String()) {
			if rest, ok := strings.CutPrefix(line, prefix+": http://"); ok {
				link = "http://" + strings.TrimSpace(rest)
				return true
			}
		}
		return false
	})
	link, _, _ = strings.Cut(link, " ")
	return link
}

// until waits for a condition.
func (h *house) until(what string, holds func() bool) {
	h.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			h.t.Fatalf("waited %s for %s", patience, what)
		case <-poll.C:
		}
	}
}

// printed waits until the supervisor has written text that many times.
func (h *house) printed(text string, times int) {
	h.t.Helper()
	h.until("output: "+text, func() bool { return strings.Count(h.out.String(), text) >= times })
}

// get returns what a page says.
func (h *house) get(url string) string {
	h.t.Helper()
	_, body := h.fetch(url, nil)
	return body
}

func (h *house) fetch(url string, header http.Header) (status int, body string) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		h.t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		h.t.Fatal(err)
	}
	content, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		h.t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// transcript is all that a supervisor writes.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
