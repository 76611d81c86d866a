//go:build unix

package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"magpie.build/packages/pubsub/redis/redistest"
)

// TestReadinessEndsWithRedis asks once after Redis has died, or only stopped answering: the first answer is
// the truth.
func TestReadinessEndsWithRedis(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	t.Parallel()
	redis := redistest.Start(t, redistest.Options{})
	s := start(t, "REDIS_URL="+redis.URL())
	eventuallyReady(t, s)

	redis.Kill()
	if status, text := readiness(t, s); status != http.StatusServiceUnavailable || !strings.Contains(text, "broker") {
		t.Errorf("Redis is dead, and the server says %d %s", status, text)
	}
	redis.Restart()
	eventuallyReady(t, s)

	redis.Signal(syscall.SIGSTOP)
	if status, text := readiness(t, s); status != http.StatusServiceUnavailable {
		t.Errorf("Redis has stopped, and the server says %d %s", status, text)
	}
	redis.Signal(syscall.SIGCONT)
	eventuallyReady(t, s)
}

// TestStoppingIsSaidFirst has a server go on serving while it says that it is not ready.
func TestStoppingIsSaidFirst(t *testing.T) {
	t.Parallel()
	s := start(t, "DRAIN_DELAY=1s")
	eventuallyReady(t, s)
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for status := http.StatusOK; status == http.StatusOK; status, _ = readiness(t, s) {
		if time.Now().After(deadline) {
			t.Fatal("the server that was told to stop is ready")
		}
	}
	if status, _ := get(t, s.url); status != http.StatusOK {
		t.Errorf("meanwhile pages are answered %d", status)
	}
	if err := s.wait(); err != nil {
		t.Error(err)
	}
}

func eventuallyReady(t *testing.T, s *server) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		status, text := readiness(t, s)
		if status == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not become ready: %s\n%s", text, s.log)
		}
	}
}

func readiness(t *testing.T, s *server) (status int, text string) {
	t.Helper()
	return get(t, s.adminURL+"/readyz")
}

// get returns what an address answers.
func get(t *testing.T, url string) (status int, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
