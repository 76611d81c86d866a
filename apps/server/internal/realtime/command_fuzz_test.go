package realtime

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"
)

// FuzzDecodeCommands holds that no message breaks the decoder, that what it lets through may be
// handed to other clients, as it is UTF-8, one line, and JSON, and that a publish is read the same in
// the short way and the long one.
func FuzzDecodeCommands(f *testing.F) {
	for _, seed := range []string{
		`{"id":1,"connect":{"token":"t","data":{"a":[1,2]}}}` + "\n" + `{"id":2,"subscribe":{"channel":"room:1","recover":true,"offset":18446744073709551615}}`,
		`{"id":3,"publish":{"channel":"room:1","data":"\u2028"}}` + "\n",
		`{"id":4,"history":{"channel":"room:1","limit":-1,"since":{"offset":1,"epoch":"e"},"reverse":true}}`,
		`{"id":5,"subscribe":{"channel":"a","tf":{"op":"or","nodes":[{"key":"a","cmp":"lt","val":"1"},{"key":"b","cmp":"in","vals":["x"]}]}}}`,
		`{"publish":{"channel":"room:1","data":{"text":"},\"id\":7"}},"id":6}`, `{"id":7,"publish":{"channel":"a\"b","data":1}}`,
		`{"id":8,"publish":{"channel":"a","data":1},"publish":{"channel":"b","data":2}}`, `{"id":9,"publish":{"channel":"a","data": 1}}`,
		`{}`, `null`, ``, "\n", `{"id":4294967296}`, `{"id":-1}`, "{\"id\":1,\"rpc\":{\"data\":\"\xff\"}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		commands, err := new(jsonCodec).decode(message)
		if err != nil {
			if commands != nil {
				t.Error("there are commands beside an error")
			}
			return
		}
		if lines := bytes.Count(bytes.TrimSuffix(message, []byte("\n")), []byte("\n")) + 1; len(commands) != lines {
			t.Errorf("%d lines are %d commands", lines, len(commands))
		}
		for i, line := range bytes.Split(bytes.TrimSuffix(message, []byte("\n")), []byte("\n")) {
			if want, err := anyCommand(line); err != nil || !reflect.DeepEqual(commands[i], want) {
				t.Errorf("%q is read as %+v, want %+v, %v", line, commands[i], want, err)
			}
		}
		for i := range commands {
			if subscribe := commands[i].Subscribe; subscribe != nil && len(subscribe.Filter) > 0 {
				if tags, err := (jsonCodec{}).filter(subscribe.Filter); err == nil && tags.Check() == nil {
					tags.Match(map[string]string{tags.Key: tags.Val})
				}
			}
			if publish := commands[i].Publish; publish != nil && len(publish.Data) > 0 {
				checkPublishable(t, publish.Data)
			}
		}
	})
}

// checkPublishable checks data on its way from one client through the broker to another.
func checkPublishable(t *testing.T, data json.RawMessage) {
	t.Helper()
	stored, err := marshal(storedPublication{Data: data})
	if err != nil {
		t.Fatalf("%q cannot be stored: %v", data, err)
	}
	if !json.Valid(stored) || !utf8.Valid(stored) || bytes.ContainsAny(stored, "\r\n") {
		t.Errorf("%q is stored as %q", data, stored)
	}
}
