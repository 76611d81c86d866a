package realtime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/centrifugal/protocol"
	"google.golang.org/protobuf/encoding/protowire"

	"magpie.build/apps/server/internal/filter"
	"magpie.build/packages/pubsub"
)

// FuzzDecodeProtobuf holds that no message breaks the decoder, and that what it lets through is what the
// protocol's own library reads.
func FuzzDecodeProtobuf(f *testing.F) {
	for _, line := range []string{
		`{"id":1,"connect":{"token":"t","data":{"a":[1,2]},"name":"js","version":"1","subs":{"a":{"recover":true}}}}`,
		`{"id":2,"subscribe":{"channel":"room:1","recover":true,"epoch":"e","offset":18446744073709551615,"flag":2,"delta":"fossil"}}`,
		`{"id":2,"subscribe":{"channel":"room:1","tf":{"op":"and","nodes":[{"key":"a","cmp":"eq","val":"1"},{"op":"not","nodes":[{"key":"b","cmp":"in","vals":["x","y"]}]}]}}}`,
		`{"id":3,"publish":{"channel":"room:1","data":"☃"}}`,
		`{"id":4,"history":{"channel":"room:1","limit":-1,"since":{"offset":1,"epoch":"e"},"reverse":true}}`,
		`{"id":5,"rpc":{"method":"echo","data":1}}`, `{"id":6,"sub_refresh":{"channel":"a","token":"t"}}`,
		`{"id":7,"refresh":{"token":"t"}}`, `{"send":{"data":1}}`, `{}`,
	} {
		command, err := protocol.NewJSONCommandDecoder([]byte(line)).Decode()
		if command == nil {
			f.Fatal(err)
		}
		body, err := command.MarshalVT()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(protowire.AppendBytes(nil, body))
	}
	f.Add([]byte("\x00\x00\x00"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Add([]byte("\x06\x0b\x0b\x0b\x0c\x0c\x0c"))
	f.Fuzz(func(t *testing.T, message []byte) {
		commands, err := new(protobufCodec).decode(message)
		if err != nil {
			if commands != nil {
				t.Error("there are commands beside an error")
			}
			return
		}
		for i := range commands {
			body, n := protowire.ConsumeBytes(message)
			if n < 0 {
				t.Fatal("there are more commands than bodies")
			}
			message = message[n:]
			checkRead(t, &commands[i], body)
		}
		if len(message) > 0 {
			t.Error("there are more bodies than commands")
		}
	})
}

// checkRead compares a command with what the protocol's library reads, where that reads anything.
func checkRead(t *testing.T, cmd *command, body []byte) {
	t.Helper()
	var want protocol.Command
	if err := want.UnmarshalVT(body); err != nil {
		return
	}
	if cmd.ID != want.Id {
		t.Errorf("id %d and not %d", cmd.ID, want.Id)
	}
	same := func(what string, got, want any) {
		t.Helper()
		// What is there and empty is as good as what is not.
		if text, wanted := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); text != wanted {
			t.Errorf("%s is %s and not %s", what, text, wanted)
		}
	}
	has := []bool{
		cmd.Connect != nil, cmd.Subscribe != nil, cmd.Unsubscribe != nil, cmd.Publish != nil, cmd.Presence != nil, cmd.PresenceStats != nil,
		cmd.History != nil, cmd.RPC != nil, cmd.Send != nil, cmd.Refresh != nil, cmd.SubRefresh != nil, cmd.Ping != nil,
	}
	same("what is asked", has, []bool{
		want.Connect != nil, want.Subscribe != nil, want.Unsubscribe != nil, want.Publish != nil, want.Presence != nil, want.PresenceStats != nil,
		want.History != nil, want.Rpc != nil, want.Send != nil, want.Refresh != nil, want.SubRefresh != nil, want.Ping != nil,
	})
	if got, want := cmd.Connect, want.Connect; got != nil && want != nil {
		same("connect", []any{got.Token, string(got.Data), got.Name, got.Version, len(got.Subs)},
			[]any{want.Token, string(want.Data), want.Name, want.Version, len(want.Subs)})
		for channel, sub := range want.Subs {
			if sub == nil { // an entry of the map without a value
				sub = new(protocol.SubscribeRequest)
			}
			checkSubscribe(t, got.Subs[channel], sub)
		}
	}
	if cmd.Subscribe != nil && want.Subscribe != nil {
		checkSubscribe(t, cmd.Subscribe, want.Subscribe)
	}
	if got, want := cmd.Publish, want.Publish; got != nil && want != nil {
		same("publish", []any{got.Channel, string(got.Data), got.Type, got.Key, got.Removed},
			[]any{want.Channel, string(want.Data), want.Type, want.Key, want.Removed})
	}
	if got, want := cmd.History, want.History; got != nil && want != nil {
		same("history", []any{got.Channel, got.Limit, got.Reverse, got.Since != nil}, []any{want.Channel, want.Limit, want.Reverse, want.Since != nil})
		if got.Since != nil && want.Since != nil {
			same("since", []any{got.Since.Offset, got.Since.Epoch}, []any{want.Since.Offset, want.Since.Epoch})
		}
	}
	if got, want := cmd.RPC, want.Rpc; got != nil && want != nil {
		same("rpc", []any{got.Method, string(got.Data)}, []any{want.Method, string(want.Data)})
	}
	if got, want := cmd.SubRefresh, want.SubRefresh; got != nil && want != nil {
		same("sub_refresh", []any{got.Channel, got.Token, got.Type}, []any{want.Channel, want.Token, want.Type})
	}
}

func checkSubscribe(t *testing.T, got *subscribeCommand, want *protocol.SubscribeRequest) {
	t.Helper()
	if got == nil {
		t.Fatal("a subscription was not read")
	}
	text := fmt.Sprint(got.Channel, got.Token, string(got.Data), got.Recover, got.Epoch, got.Offset, got.Flag, got.Type, got.Delta)
	wanted := fmt.Sprint(want.Channel, want.Token, string(want.Data), want.Recover, want.Epoch, want.Offset, want.Flag, want.Type, want.Delta)
	if text != wanted {
		t.Errorf("subscribe is %s and not %s", text, wanted)
	}
	if len(got.Filter) == 0 {
		return
	}
	read, err := protobufCodec{}.filter(got.Filter)
	if err != nil {
		return // not UTF-8, which the library does not look at
	}
	checkFilter(t, read, want.Tf)
	if read.Check() == nil {
		read.Match(map[string]string{read.Key: read.Val})
	}
}

func checkFilter(t *testing.T, got *filter.Node, want *protocol.FilterNode) {
	t.Helper()
	if text, wanted := fmt.Sprint(got.Op, got.Key, got.Cmp, got.Val, got.Vals, len(got.Nodes)), fmt.Sprint(want.Op, want.Key, want.Cmp, want.Val, want.Vals, len(want.Nodes)); text != wanted {
		t.Fatalf("a filter is %s and not %s", text, wanted)
	}
	for i := range got.Nodes {
		checkFilter(t, &got.Nodes[i], want.Nodes[i])
	}
}

// FuzzFrame holds that whatever stands in a broker goes out as frames that a client can read, in each form.
func FuzzFrame(f *testing.F) {
	f.Add([]byte(`{"data":{"a":1},"info":{"user":"u","client":"c"},"tags":{"a":"b"}}`), uint64(1), int64(1), "room:1")
	f.Add([]byte(`{"bytes":"AP8="}`), uint64(7), int64(0), "room:\"\n")
	f.Add([]byte("what is no publication"), uint64(1<<63), int64(-1), "☃")
	f.Add([]byte{}, uint64(0), int64(0), "")
	f.Fuzz(func(t *testing.T, data []byte, offset uint64, at int64, channel string) {
		stored, err := marshal(storedPublication{Data: json.RawMessage(data)})
		if err != nil || len(data) == 0 {
			// What is no JSON goes out as bytes.
			if stored, err = marshal(storedPublication{Bytes: append([]byte{0}, data...)}); err != nil {
				t.Fatal(err)
			}
		}
		publication := pubsub.Publication{Data: stored, Position: pubsub.Position{Epoch: "e", Offset: offset}, Time: time.UnixMilli(at)}
		if !utf8.ValidString(channel) {
			return // no broker takes it
		}
		var messages [][]byte
		if body, err := (jsonCodec{}).push(channel, publicationPush(publication)); err == nil {
			if !json.Valid(body) || bytes.ContainsAny(body, "\r\n") {
				t.Fatalf("%q is pushed as %q", stored, body)
			}
			messages = [][]byte{body, body}
			if text, err := (jsonCodec{}).push(channel, newDeltaPush(publication)); err != nil || !json.Valid(text) {
				t.Fatalf("%q is pushed as %q: %v", stored, text, err)
			}
		}
		checkMessages(t, jsonCodec{}, messages)
		body, err := (protobufCodec{}).push(channel, publicationPush(publication))
		if err != nil {
			t.Fatal(err)
		}
		fields, n := protowire.ConsumeBytes(body)
		var reply protocol.Reply
		if err := reply.UnmarshalVT(fields); n != len(body) || err != nil {
			t.Fatalf("%q is pushed as %q: %v", stored, body, err)
		}
		parsed := readStored(stored)
		pub := reply.Push.Pub
		if !bytes.Equal(pub.Data, parsed.payload()) || pub.Offset != offset || reply.Push.Channel != channel {
			t.Errorf("%q at %d is read as %q at %d", stored, offset, pub.Data, pub.Offset)
		}
		checkMessages(t, protobufCodec{}, [][]byte{body, body, body})
	})
}

// checkMessages joins objects to messages and reads the frames' headers.
func checkMessages(t *testing.T, c codec, objects [][]byte) {
	t.Helper()
	framed := appendMessages(nil, c, objects)
	var payload []byte
	for len(framed) > 0 {
		header, length := 2, int(framed[1])
		switch length {
		case 126:
			header, length = 4, int(framed[2])<<8|int(framed[3])
		case 127:
			header, length = 10, int(framed[6])<<24|int(framed[7])<<16|int(framed[8])<<8|int(framed[9])
		}
		if framed[0] != c.op() || header+length > len(framed) {
			t.Fatalf("a frame begins with %x and has %d bytes of %d", framed[0], header+length, len(framed))
		}
		if len(payload) > 0 {
			payload = append(payload, c.separator()...)
		}
		payload = append(payload, framed[header:header+length]...)
		framed = framed[header+length:]
	}
	if want := bytes.Join(objects, []byte(c.separator())); !bytes.Equal(payload, want) {
		t.Errorf("the frames have %q and not %q", payload, want)
	}
}
