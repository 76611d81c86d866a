package realtime

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// protobufCodec writes the messages of the protocol's client.proto, each with its length as a varint
// before it. They are few, and a publication is spliced rather than built, so they are written field by
// field on protowire; protobuf_command.go reads.
type protobufCodec struct{}

var _ codec = protobufCodec{}

// protobufPing is a message without fields.
var protobufPing = []byte{0}

func (protobufCodec) variant() variant  { return protobufVariant }
func (protobufCodec) op() byte          { return opBinary }
func (protobufCodec) separator() string { return "" }
func (protobufCodec) ping() []byte      { return protobufPing }

// The fields of a Reply and of a Push that every one of them may have.
const (
	replyID     protowire.Number = 1
	replyError  protowire.Number = 2
	replyPush   protowire.Number = 4
	pushChannel protowire.Number = 2
)

func (protobufCodec) answer(id uint32, result object) ([]byte, error) {
	_, number := result.field()
	buf := appendUint(nil, replyID, uint64(id))
	buf = appendMessage(buf, number, result.appendProtobuf)
	return insertLength(buf, 0), nil
}

func (protobufCodec) refusal(id uint32, refused *Error) []byte {
	buf := appendUint(nil, replyID, uint64(id))
	buf = appendMessage(buf, replyError, func(buf []byte) []byte {
		buf = appendUint(buf, 1, uint64(refused.Code))
		buf = appendText(buf, 2, refused.Message)
		return appendBool(buf, 3, refused.Temporary)
	})
	return insertLength(buf, 0)
}

func (protobufCodec) push(channel string, what object) ([]byte, error) {
	_, number := what.field()
	buf := appendMessage(nil, replyPush, func(buf []byte) []byte {
		return appendMessage(appendText(buf, pushChannel, channel), number, what.appendProtobuf)
	})
	return insertLength(buf, 0), nil
}

// appendMessage appends a message as a field, also an empty one.
func appendMessage(buf []byte, number protowire.Number, fields func(buf []byte) []byte) []byte {
	buf = protowire.AppendTag(buf, number, protowire.BytesType)
	start := len(buf)
	return insertLength(fields(buf), start)
}

// insertLength puts the length of what stands from start on before it.
func insertLength(buf []byte, start int) []byte {
	var length [10]byte
	return slices.Insert(buf, start, protowire.AppendVarint(length[:0], uint64(len(buf)-start))...)
}

// What follows appends a field unless its value is zero.

func appendUint(buf []byte, number protowire.Number, value uint64) []byte {
	if value == 0 {
		return buf
	}
	return protowire.AppendVarint(protowire.AppendTag(buf, number, protowire.VarintType), value)
}

func appendBool(buf []byte, number protowire.Number, value bool) []byte {
	return appendUint(buf, number, protowire.EncodeBool(value))
}

func appendText(buf []byte, number protowire.Number, value string) []byte {
	if value == "" {
		return buf
	}
	return protowire.AppendString(protowire.AppendTag(buf, number, protowire.BytesType), value)
}

func appendBytes(buf []byte, number protowire.Number, value []byte) []byte {
	if len(value) == 0 {
		return buf
	}
	return protowire.AppendBytes(protowire.AppendTag(buf, number, protowire.BytesType), value)
}
