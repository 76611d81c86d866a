package realtime_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/centrifugal/centrifuge-go"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

// binary is no JSON and no UTF-8.
const binary = "\x00\xff\n\"\x80"

// historyAll reads a whole history.
var historyAll = pubsub.HistoryOptions{Limit: -1}

func TestBytesThatAreNotJSONReachWhoSpeaksProtobufAndEndWhoSpeaksJSON(t *testing.T) {
	s := serve(t, realtime.Options{})
	speaker := form(centrifuge.NewProtobufClient).connected(t, s.url, centrifuge.Config{Token: "mary"})
	reader := form(centrifuge.NewJsonClient).connected(t, s.url, centrifuge.Config{})
	why := make(chan centrifuge.DisconnectedEvent, 1)
	reader.OnDisconnected(func(e centrifuge.DisconnectedEvent) { why <- e })
	heard := listen(t, speaker, "roomofbytes:1")
	told := listen(t, reader, "roomofbytes:1")

	if _, err := speaker.Publish(t.Context(), "roomofbytes:1", []byte(`{"a": 1}`)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "everybody hears JSON", func() bool {
		return slices.Equal(heard.publications(), []string{`{"a":1}`}) && slices.Equal(told.publications(), []string{`{"a":1}`})
	})
	if _, err := speaker.Publish(t.Context(), "roomofbytes:1", []byte(binary)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "bytes are heard", func() bool { return slices.Contains(heard.publications(), binary) })
	if e := <-why; e.Code != uint32(realtime.DisconnectInappropriateProtocol) {
		t.Errorf("the client was told %d %q", e.Code, e.Reason)
	}
	if got := told.publications(); len(got) != 1 {
		t.Errorf("who speaks JSON heard %q", got)
	}

	history, err := speaker.History(t.Context(), "roomofbytes:1", centrifuge.WithHistoryLimit(-1))
	if err != nil || len(history.Publications) != 2 {
		t.Fatalf("%d publications in history, %v", len(history.Publications), err)
	}
	last := history.Publications[1]
	if string(last.Data) != binary || last.Info == nil || last.Info.User != "mary" || string(last.Info.ConnInfo) != `{"name":"mary"}` || last.Offset != 2 {
		t.Errorf("history has %+v", last)
	}
	publications, _, err := s.hub.History(t.Context(), "roomofbytes:1", historyAll)
	if err != nil || len(publications) != 2 || string(publications[1].Data) != binary || !publications[1].Binary || publications[0].Binary {
		t.Errorf("the server reads %+v, %v", publications, err)
	}
}

func TestBytesThatAreNotJSONAreRefusedWhereNobodyAskedForThem(t *testing.T) {
	s := serve(t, realtime.Options{})
	speaker := form(centrifuge.NewProtobufClient).connected(t, s.url, centrifuge.Config{})
	for _, data := range []string{binary, `{`, "\"\xff\"", ""} {
		_, err := speaker.Publish(t.Context(), "room:1", []byte(data))
		if answer, ok := errors.AsType[*centrifuge.Error](err); !ok || answer.Code != realtime.ErrBadRequest.Code {
			t.Errorf("publish of %q: %v", data, err)
		}
	}
	if _, err := speaker.Publish(t.Context(), "roomofbytes:1", []byte{}); err == nil {
		t.Error("nothing was published")
	}
	// Bytes that belong to no channel concern nobody else.
	if result, err := speaker.RPC(t.Context(), "echo", []byte(binary)); err != nil || string(result.Data) != binary {
		t.Errorf("an rpc answers %q, %v", result.Data, err)
	}
}

func TestWhoSpeaksJSONCannotReadBytesFromHistory(t *testing.T) {
	s := serve(t, realtime.Options{})
	if _, err := s.hub.Publish(t.Context(), "roomofbytes:1", realtime.Publication{Data: []byte(binary), Binary: true}, s.house.keep("room")); err != nil {
		t.Fatal(err)
	}
	c := dial(t, s.url)
	c.call(`{"id":1,"connect":{}}`)
	if got := c.call(`{"id":2,"subscribe":{"channel":"roomofbytes:1","recover":true}}`); got[:10] != "close 3506" {
		t.Errorf("the client was told %s", got)
	}
}
