package realtime

import (
	"google.golang.org/protobuf/encoding/protowire"

	"magpie.build/apps/server/internal/filter"
)

// codec is one of the two forms of the protocol, JSON and protobuf: how commands are read and how what
// the server says is written. Everything else works on commands and objects, whatever their form.
type codec interface {
	// variant is the form of publications that have no delta.
	variant() variant
	// op is the first byte of a WebSocket message, whose low half is the message's type.
	op() byte
	// separator stands between two objects of one message.
	separator() string
	// ping is the reply that asks for a sign of life. A command of the same bytes is the answer.
	ping() []byte

	// decode reads a message's commands. All of them are good, or none. They hold on to nothing of the
	// message.
	decode(message []byte) ([]command, error)

	// filter reads a subscribe command's filter of tags.
	filter(encoded []byte) (*filter.Node, error)

	// answer is the reply to a command that succeeded.
	answer(id uint32, result object) ([]byte, error)
	// refusal is the reply to one that did not.
	refusal(id uint32, refused *Error) []byte
	// push is what a channel's subscriber is told, or a client outside of any channel. It is [DisconnectInappropriateProtocol] that data
	// cannot be written in this form.
	push(channel string, what object) ([]byte, error)
}

// object is what a reply or a push is about, the one field beside its id or channel. In JSON it is
// what its tags say, unless it is a [jsonAppender].
type object interface {
	// field is its name in JSON and its number in protobuf.
	field() (name string, number protowire.Number)
	// appendProtobuf appends its fields, without length.
	appendProtobuf(buf []byte) []byte
}

// variant is one of the forms in which a publication goes out. A channel's log has ready frames of
// those that it has subscribers for.
type variant uint8

const (
	jsonVariant variant = iota
	protobufVariant
	// What follows is for clients that understand deltas (delta.go): deltas, and whole publications of
	// JSON. Those of protobuf are everybody's.
	jsonDeltaVariant
	protobufDeltaVariant
	jsonTextVariant
	// pushVariant is for clients that only listen (unidirectional.go).
	pushVariant
	variants
)

// codecs are the forms of the variants.
var codecs = [variants]codec{
	jsonVariant: jsonCodec{}, jsonDeltaVariant: jsonCodec{}, jsonTextVariant: jsonCodec{},
	protobufVariant: protobufCodec{}, protobufDeltaVariant: protobufCodec{}, pushVariant: pushCodec{},
}
