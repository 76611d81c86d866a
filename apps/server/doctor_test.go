package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/packages/pubsub/redis/redistest"
)

// examined runs the doctor, and returns what it says and whether that is well.
func examined(t *testing.T, env ...string) (text string, healthy bool) {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), []string{"doctor"}, env, &out, t.Output())
	if err != nil && !errors.Is(err, errUnwell) {
		t.Fatal(err)
	}
	return out.String(), err == nil
}

func TestDoctorFindsWhatIsWrongOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ports := []string{"ADDR=127.0.0.1:0", "ADMIN_ADDR=127.0.0.1:0", "DATA_DIR=" + dir}
	if text, healthy := examined(t, ports...); !healthy || !strings.Contains(text, "DATA_DIR") {
		t.Errorf("an empty folder is not well:\n%s", text)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("the doctor left %v, %v", entries, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "history.db"), []byte("no history"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, healthy := examined(t, ports...); healthy || !strings.Contains(text, "FAILED") || !strings.Contains(text, "move it to another folder") {
		t.Errorf("a damaged history is well:\n%s", text)
	}
}

func TestDoctorExaminesBesideAServerThatRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, "DATA_DIR="+dir)
	address := func(url string) string { return strings.TrimPrefix(url, "http://") }
	text, healthy := examined(t, "ADDR="+address(s.url), "ADMIN_ADDR="+address(s.adminURL), "DATA_DIR="+dir)
	if !healthy || !strings.Contains(text, "by a server that is alive") {
		t.Errorf("beside a server:\n%s", text)
	}
}

func TestDoctorExaminesRedis(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	t.Parallel()
	redis := redistest.Start(t, redistest.Options{})
	env := []string{"ADDR=127.0.0.1:0", "ADMIN_ADDR=127.0.0.1:0", "REDIS_URL=" + redis.URL()}
	text, healthy := examined(t, env...)
	for _, want := range []string{
		"a message to this machine came back", "redis clock", "as this machine's, within", "redis eviction", "maxmemory-policy is noeviction",
		"redis persistence", "a restart forgets everything", "hint: set appendonly to yes",
	} {
		if !healthy || !strings.Contains(text, want) {
			t.Errorf("does not say %q:\n%s", want, text)
		}
	}
	redis.Kill()
	if text, healthy := examined(t, env...); healthy || !strings.Contains(text, "start Redis") {
		t.Errorf("without Redis:\n%s", text)
	}
}
