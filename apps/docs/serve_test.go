package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie.build/apps/docs/internal/workspacetest"
)

// serving runs docs serve until the test ends and returns its address.
func serving(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"serve", "-addr=127.0.0.1:0"}, args...), nil, &bytes.Buffer{}, write)
		ended <- err
		_ = write.CloseWithError(io.EOF)
	}()
	lines := bufio.NewScanner(read)
	if !lines.Scan() {
		t.Fatalf("serve ended: %v", <-ended)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(lines.Text(), "docs: "), "/")
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, read)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		<-drained
	})
	return address
}

func get(t *testing.T, address string) (status int, header http.Header, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(content)
}

func TestServeAnswers(t *testing.T) {
	root := workspacetest.Write(t, shop)
	address := serving(t, "-root="+root)
	for _, c := range []struct {
		path, want string
		status     int
	}{
		{"/healthz", "", http.StatusNoContent},
		{"/guides/selling/", "They rise.", http.StatusOK},
		{"/guides/selling", "They rise.", http.StatusOK}, // by a redirect
		{"/guides/selling.md", "# Selling", http.StatusOK},
		{"/nowhere/", "There is no such page", http.StatusNotFound},
		{"/../../go.work", "There is no such page", http.StatusNotFound},
		{"/search/?q=item", `<a class="result-link" href="/api/packages/goods/#Item">`, http.StatusOK},
		{"/search/?q=%3Cscript%3E", `value="&lt;script&gt;"`, http.StatusOK},
	} {
		status, header, body := get(t, address+c.path)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: status %d, want %d with %q", c.path, status, c.status, c.want)
		}
		if strings.Contains(body, "<html") && !strings.Contains(header.Get("Content-Security-Policy"), "script-src 'self';") {
			t.Errorf("%s has the policy %q", c.path, header.Get("Content-Security-Policy"))
		}
	}
}

func TestAChangedGuideReachesOpenPages(t *testing.T) {
	root := workspacetest.Write(t, shop)
	address := serving(t, "-root="+root)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/_events", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // the stream ends with the server
	events := bufio.NewScanner(response.Body)
	await := func(line string) {
		t.Helper()
		for events.Scan() {
			t.Log(events.Text()) // what went wrong, should it be the last that is heard
			if strings.HasPrefix(events.Text(), line) {
				return
			}
		}
		t.Fatalf("the stream ended before %q: %v", line, events.Err())
	}
	await("data: 1")
	workspacetest.Put(t, root, "apps/docs/content/selling.md", []byte("# Selling\n\nBy hand.\n"))
	await("data: 2")
	if _, _, body := get(t, address+"/guides/selling/"); !strings.Contains(body, "By hand.") {
		t.Error("the page is the old one")
	}
	workspacetest.Put(t, root, "apps/docs/content/selling.md", []byte("# Selling\n\n[x](gone.md)\n"))
	await("event: problem")
	if _, _, body := get(t, address+"/guides/selling/"); !strings.Contains(body, "By hand.") {
		t.Error("a mistake took the page away")
	}
	workspacetest.Put(t, root, "packages/goods/goods.go", []byte("// Package goods is new.\npackage goods\n\n// New is.\nfunc New(string) interface{ Price() int } { return nil }\n"))
	workspacetest.Put(t, root, "packages/goods/example_test.go", []byte("package goods_test\n"))
	workspacetest.Put(t, root, "apps/till/main.go", []byte("// Command till counts.\npackage main\n\nfunc main() {}\n"))
	// On a machine that is busy enough the go command may fail, and its writer saves once more.
	saved := make(chan struct{})
	t.Cleanup(func() { <-saved })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer close(saved)
		guide := filepath.Join(root, "apps", "docs", "content", "selling.md")
		again := time.NewTicker(5 * time.Second)
		defer again.Stop()
		for n := 1; ; n++ {
			if err := os.WriteFile(guide, fmt.Appendf(nil, "# Selling\n\nAgain, %d.\n", n), 0o600); err != nil {
				t.Error(err)
			}
			select {
			case <-again.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	await("event: version")
}
