package cast

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"magpie.build/tools/chaos/internal/wire"
)

// padding makes a message as long as people's are.
var padding = strings.Repeat(" and so on", 15)

// ByChat returns a way to send as people do: on a connection of the sender's own, which is opened again when it ends. The
// message's key is the client's id of it. It is for one publisher, that is, not for concurrent use.
func ByChat(run context.Context, s Stage) Send {
	var conn *wire.Conn
	at := -1
	return func(ctx context.Context, server int, channel, key string) error {
		if conn == nil || at != server {
			if conn != nil {
				conn.Close()
			}
			next, err := wire.Dial(ctx, s.Servers[server], s.Header, nobody{})
			if err != nil {
				conn = nil
				return err
			}
			conn, at = next, server
			go func() { _ = next.Run(run) }() // its end is seen by the next command
		}
		err := conn.Publish(ctx, channel, map[string]string{"cid": key, "text": key + padding})
		if err != nil {
			conn.Close()
			conn = nil
		}
		return err
	}
}

// nobody handles nothing: a publisher follows no channel.
type nobody struct{}

func (nobody) HandlePush(*wire.Push)                         {}
func (nobody) HandleSubscribe(string, *wire.SubscribeResult) {}

// ByAPI returns a way to send by the server's HTTP interface, under an idempotency key.
func ByAPI(s Stage, apiKey string) Send {
	// A try is a connection: what a fault did to the last one says nothing about the next.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context, server int, channel, key string) error {
		body, err := json.Marshal(map[string]any{
			"channel": channel, "idempotency_key": key, "data": map[string]string{"cid": key, "text": key + padding},
		})
		if err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.Servers[server]+"/api/publish", bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("X-API-Key", apiKey)
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
		if err != nil {
			return err
		}
		var reply struct {
			Error *wire.Error `json:"error"`
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("publish by the API: %s", response.Status)
		}
		if err := json.Unmarshal(answer, &reply); err != nil {
			return err
		}
		if reply.Error != nil {
			return reply.Error
		}
		return nil
	}
}

// KeyOf finds the key in what [ByChat] and [ByAPI] send: the chat gives it back as the message's client id.
func KeyOf(data json.RawMessage) string {
	var message struct {
		Key string `json:"cid"`
	}
	if err := json.Unmarshal(data, &message); err != nil {
		return string(data)
	}
	return message.Key
}
