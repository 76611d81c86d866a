package realtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/centrifugal/protocol"
	"github.com/coder/websocket"
	"google.golang.org/protobuf/encoding/protowire"
)

// speaker is a client in a conversation that is written in JSON.
type speaker interface {
	// say sends a message, unless it cannot be said.
	say(message string) bool
	// hear returns the next object, and the one that is wanted, so written that equal objects are equal.
	hear(want string) (got, wanted string)
}

// jsonSpeaker says what is written.
type jsonSpeaker struct{ *client }

func dialJSON(t *testing.T, url string) speaker {
	t.Helper()
	return jsonSpeaker{dial(t, url)}
}

func (s jsonSpeaker) say(message string) bool {
	s.send(message)
	return true
}

func (s jsonSpeaker) hear(want string) (got, wanted string) { return neutral(s.next()), want }

// protobufSpeaker has the protocol's own library translate both ways.
type protobufSpeaker struct {
	*client

	replies [][]byte
}

func dialProtobuf(t *testing.T, url string) speaker {
	t.Helper()
	return &protobufSpeaker{client: dialWith(t, url, "centrifuge-protobuf")}
}

func (s *protobufSpeaker) say(message string) bool {
	s.t.Helper()
	if !utf8.ValidString(message) {
		return false // the library would mend it
	}
	var encoded []byte
	for line := range strings.SplitSeq(strings.TrimSuffix(message, "\n"), "\n") {
		command, err := protocol.NewJSONCommandDecoder([]byte(line)).Decode()
		if command == nil {
			s.t.Logf("there is no such message in protobuf: %s: %v", line, err)
			return false
		}
		body, err := command.MarshalVT()
		if err != nil {
			s.t.Fatal(err)
		}
		encoded = protowire.AppendBytes(encoded, body)
	}
	if err := s.writeBinary(encoded); err != nil {
		s.t.Fatal(err)
	}
	return true
}

func (s *protobufSpeaker) hear(want string) (got, wanted string) {
	s.t.Helper()
	return canonical(s.t, neutral(s.nextReply())), canonical(s.t, want)
}

// nextReply returns the next reply as JSON.
func (s *protobufSpeaker) nextReply() string {
	s.t.Helper()
	for len(s.replies) == 0 {
		ctx, cancel := context.WithTimeout(s.t.Context(), s.patience)
		kind, message, err := s.ws.Read(ctx)
		cancel()
		if closed, ok := errors.AsType[websocket.CloseError](err); ok {
			return fmt.Sprintf("close %d %s", closed.Code, closed.Reason)
		}
		if err != nil || kind != websocket.MessageBinary {
			s.t.Fatalf("received a message of kind %v: %v", kind, err)
		}
		for len(message) > 0 {
			body, n := protowire.ConsumeBytes(message)
			if n < 0 {
				s.t.Fatalf("a broken message: %v", protowire.ParseError(n))
			}
			s.replies, message = append(s.replies, body), message[n:]
		}
	}
	var reply protocol.Reply
	if err := reply.UnmarshalVT(s.replies[0]); err != nil {
		s.t.Fatal(err)
	}
	s.replies = s.replies[1:]
	text, err := protocol.NewJSONReplyEncoder().Encode(&reply)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// canonical orders an object's fields.
func canonical(t *testing.T, text string) string {
	t.Helper()
	if strings.HasPrefix(text, "close ") {
		return text
	}
	var value any
	spelledOut := strings.NewReplacer(":TIME", `:"TIME"`, `"publications":null`, `"publications":[]`).Replace(text)
	if err := json.Unmarshal([]byte(spelledOut), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	ordered, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(ordered)
}
