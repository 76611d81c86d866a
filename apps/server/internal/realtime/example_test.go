package realtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"

	"github.com/coder/websocket"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

// A server of one process, a client that speaks the protocol by hand, and a publication.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	hub := realtime.New(broker, realtime.Insecure(broker, 100), realtime.Options{})
	stopped := make(chan error)
	go func() { stopped <- hub.Run(ctx) }()
	server := httptest.NewServer(hub)

	client, _, err := websocket.Dial(ctx, server.URL, nil) //nolint:bodyclose // the library closes it
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, command := range []string{`{"id":1,"connect":{}}`, `{"id":2,"subscribe":{"channel":"news"}}`} {
		_ = client.Write(ctx, websocket.MessageText, []byte(command))
		_, _, _ = client.Read(ctx) // the reply
	}
	_, err = hub.Publish(ctx, "news", realtime.Publication{Data: json.RawMessage(`"hello"`)}, pubsub.PublishOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, message, _ := client.Read(ctx)
	fmt.Println(string(message))

	cancel()
	_, _, err = client.Read(context.Background())
	fmt.Println(websocket.CloseStatus(err))
	fmt.Println(<-stopped)
	server.Close()
	_ = broker.Close()
	// Output:
	// {"push":{"channel":"news","pub":{"data":"hello"}}}
	// StatusCode(3001)
	// <nil>
}
