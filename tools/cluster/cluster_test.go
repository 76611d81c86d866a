package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

// patience is how long anything may take on a slow machine that does other things as well.
const patience = time.Minute

// buildServer compiles the chat server.
func buildServer(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "server")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	command := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", path, ".")
	command.Dir = filepath.Join("..", "..", "apps", "server")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build the chat server: %v\n%s", err, out)
	}
	return path
}

// running is a cluster under test.
type running struct {
	t     *testing.T
	stdin *io.PipeWriter
	said  chan string
	end   func() error
	url   string
	pids  []string
}

// launch runs a cluster and reads its welcome.
func launch(t *testing.T) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	commands, stdin := io.Pipe()
	output, stdout := io.Pipe()
	r := &running{t: t, stdin: stdin, said: make(chan string, 100)}
	done := make(chan error, 1)
	program := buildServer(t)
	go func() {
		err := run(ctx, []string{"-addr=127.0.0.1:0", "-server=" + program}, commands, stdout, t.Output())
		_ = stdout.Close()
		done <- err
	}()
	go func() {
		defer close(r.said)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			r.said <- scanner.Text()
		}
	}()
	r.end = sync.OnceValue(func() error {
		cancel()
		_ = stdin.Close()
		return <-done
	})
	t.Cleanup(func() { _ = r.end() })
	r.url = strings.TrimPrefix(r.hears("the chat: "), "the chat: ")
	for _, name := range []string{"server 1: ", "server 2: ", "server 3: ", "redis: "} {
		r.pids = append(r.pids, regexp.MustCompile(`(\d+)$`).FindString(r.hears(name)))
	}
	return r
}

// hears waits for a line that begins so.
func (r *running) hears(prefix string) string {
	r.t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, ok := <-r.said:
			if !ok {
				r.t.Fatalf("the cluster ended, and never said %q", prefix)
			}
			if strings.HasPrefix(line, prefix) {
				return line
			}
		case <-late:
			r.t.Fatalf("the cluster never said %q", prefix)
		}
	}
}

func (r *running) types(line string) {
	r.t.Helper()
	if _, err := fmt.Fprintln(r.stdin, line); err != nil {
		r.t.Fatal(err)
	}
}

// token signs somebody in.
func (r *running) token(name string) string {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/token", strings.NewReader(url.Values{"name": {name}}.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	var reply struct{ Token string }
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil || reply.Token == "" {
		r.t.Fatalf("no token: %s, %v", response.Status, err)
	}
	return reply.Token
}

// listener is somebody in the general room.
type listener struct {
	client *centrifuge.Client
	room   *centrifuge.Subscription
	texts  chan string
}

func (r *running) join(name string) *listener {
	r.t.Helper()
	l := &listener{texts: make(chan string, 1000)}
	l.client = centrifuge.NewJsonClient("ws"+strings.TrimPrefix(r.url, "http")+"/connection/websocket", centrifuge.Config{
		Token: r.token(name), MinReconnectDelay: 10 * time.Millisecond, MaxReconnectDelay: 200 * time.Millisecond,
	})
	r.t.Cleanup(l.client.Close)
	var err error
	if l.room, err = l.client.NewSubscription("room:general", centrifuge.SubscriptionConfig{Recoverable: true, Positioned: true}); err != nil {
		r.t.Fatal(err)
	}
	subscribed := make(chan struct{}, 100)
	l.room.OnSubscribed(func(e centrifuge.SubscribedEvent) {
		if e.WasRecovering && !e.Recovered {
			r.t.Error("something was lost")
		}
		subscribed <- struct{}{}
	})
	l.room.OnPublication(func(e centrifuge.PublicationEvent) {
		var message struct{ Text string }
		if err := json.Unmarshal(e.Data, &message); err != nil {
			r.t.Errorf("publication %s: %v", e.Data, err)
		}
		l.texts <- message.Text
	})
	if err := errors.Join(l.room.Subscribe(), l.client.Connect()); err != nil {
		r.t.Fatal(err)
	}
	select {
	case <-subscribed:
	case <-time.After(patience):
		r.t.Fatal("nobody lets the client in")
	}
	return l
}

// say publishes until it is acknowledged: the same id is said once.
func (l *listener) say(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	var last error
	for {
		_, err := l.room.Publish(ctx, fmt.Appendf(nil, `{"cid":%q,"text":%q}`, strings.ReplaceAll(text, " ", "-"), text))
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%q cannot be said: %v", text, last)
		}
		last = err
		<-retry.C
	}
}

func TestTheChatGoesOnWhileEachServerIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	r := launch(t)
	ada, bob := r.join("Ada"), r.join("Bob")
	var want []string
	talk := func(n int) {
		for range n {
			text := fmt.Sprintf("number %d", len(want))
			bob.say(t, text)
			want = append(want, text)
		}
	}
	talk(10)
	for _, server := range []string{"1", "2", "3"} {
		r.types(server)
		talk(20)
		r.hears("server " + server + " has gone")
		talk(20)
		r.types(server)
		r.hears("server " + server + " is ready")
		talk(10)
	}
	for _, l := range []*listener{ada, bob} {
		var got []string
		for len(got) < len(want) {
			select {
			case text := <-l.texts:
				got = append(got, text)
			case <-time.After(patience):
				t.Fatalf("after %d of %d messages nothing comes any more", len(got), len(want))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("somebody saw %q, want %q", got, want)
		}
	}

	if err := r.end(); err != nil {
		t.Errorf("the cluster ended with: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for _, pid := range r.pids {
		var id int
		if _, err := fmt.Sscan(pid, &id); err != nil {
			t.Fatal(err)
		}
		process, err := os.FindProcess(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := process.Signal(syscall.Signal(0)); err == nil {
			t.Errorf("process %d is still there", id)
		}
	}
}

func TestWithoutRedisItSaysWhereToGetIt(t *testing.T) {
	err := run(t.Context(), []string{"-redis-server=no-such-redis"}, strings.NewReader(""), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "mage doctor") {
		t.Errorf("it says: %v", err)
	}
}
