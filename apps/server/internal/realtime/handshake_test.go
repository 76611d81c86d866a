package realtime_test

import (
	"context"
	"testing"

	"github.com/coder/websocket"

	"magpie.build/apps/server/internal/realtime"
)

func TestTheHandshakeSaysWhichFormIsSpoken(t *testing.T) {
	s := serve(t, realtime.Options{})
	for name, test := range map[string]struct {
		query        string
		subprotocols []string
		negotiated   string
		kind         websocket.MessageType
	}{
		"nothing":               {"", nil, "", websocket.MessageText},
		"JSON":                  {"", []string{"centrifuge-json"}, "centrifuge-json", websocket.MessageText},
		"protobuf":              {"", []string{"centrifuge-protobuf"}, "centrifuge-protobuf", websocket.MessageBinary},
		"something else":        {"", []string{"chat"}, "", websocket.MessageText},
		"a format":              {"?format=protobuf", nil, "", websocket.MessageBinary},
		"a protocol":            {"?cf_protocol=protobuf", nil, "", websocket.MessageBinary},
		"an old test's version": {"?cf_protocol_version=v2", nil, "", websocket.MessageText},
		"a format that is JSON": {"?format=json", nil, "", websocket.MessageText},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			ws, _, err := websocket.Dial(ctx, s.url+"/"+test.query, &websocket.DialOptions{Subprotocols: test.subprotocols}) //nolint:bodyclose // the library closes it
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = ws.CloseNow() }()
			if got := ws.Subprotocol(); got != test.negotiated {
				t.Errorf("the subprotocol is %q", got)
			}
			connect := []byte(`{"id":1,"connect":{}}`)
			if test.kind == websocket.MessageBinary {
				connect = []byte{4, 8, 1, 34, 0} // a Command of four bytes: id 1, an empty connect
			}
			if err := ws.Write(ctx, test.kind, connect); err != nil {
				t.Fatal(err)
			}
			kind, message, err := ws.Read(ctx)
			if err != nil || kind != test.kind {
				t.Errorf("the reply is a message of kind %v: %q, %v", kind, message, err)
			}
		})
	}
}
