package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"magpie.build/packages/pubsub/redis/redistest"
)

// post posts JSON, and returns the answer's status and body.
func post(t *testing.T, url, body string) (status int, answer io.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response.StatusCode, response.Body
}

func TestAStreamsCommandsMayComeToAnyServer(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	redis := redistest.Start(t, redistest.Options{})
	one, two := start(t, "REDIS_URL="+redis.URL(), "REALTIME_INSECURE=true"), start(t, "REDIS_URL="+redis.URL(), "REALTIME_INSECURE=true")
	status, answer := post(t, one.url+"/connection/http_stream", `{"id":1,"connect":{}}`)
	if status != http.StatusOK {
		t.Fatalf("a stream is answered %d", status)
	}
	replies := bufio.NewScanner(answer)
	next := func() string {
		if !replies.Scan() {
			t.Fatalf("the stream ended: %v", replies.Err())
		}
		return replies.Text()
	}
	var connected struct {
		Connect struct{ Session, Node string }
	}
	if text := next(); json.Unmarshal([]byte(text), &connected) != nil || connected.Connect.Node == "" {
		t.Fatalf("connected as %s", text)
	}

	emulate := func(node, commands string) int {
		body := fmt.Sprintf(`{"session":%q,"node":%q,"data":%q}`, connected.Connect.Session, node, commands)
		status, _ := post(t, two.url+"/emulation", body)
		return status
	}
	if status := emulate(connected.Connect.Node, `{"id":2,"rpc":{"method":"dance"}}`); status != http.StatusNoContent {
		t.Fatalf("commands through another server are answered %d", status)
	}
	if got := next(); got != `{"id":2,"error":{"code":108,"message":"not available"}}` {
		t.Errorf("the command is answered %s", got)
	}
	if status := emulate("rooms", "{}"); status != http.StatusNotFound {
		t.Errorf("commands for a server that is none are answered %d", status)
	}
}
