package realtime

import "encoding/binary"

// The first byte of a whole text or binary message, and the lengths at which the header
// changes its form (RFC 6455 section 5.2).
const (
	opText         = 0x81
	opBinary       = 0x82
	shortPayload   = 125
	mediumPayload  = 0xFFFF
	maxHeaderBytes = 10
)

// maxJoinedBytes is how much goes into one message before another begins: a client parses a message
// at once, and big ones would have it stall.
const maxJoinedBytes = 64 << 10

// appendHeader appends the header of an unmasked frame with so many bytes of payload.
func appendHeader(buf []byte, op byte, payload int) []byte {
	switch {
	case payload <= shortPayload:
		return append(buf, op, byte(payload))
	case payload <= mediumPayload:
		return binary.BigEndian.AppendUint16(append(buf, op, 126), uint16(payload))
	default:
		return binary.BigEndian.AppendUint64(append(buf, op, 127), uint64(payload))
	}
}

// appendMessages appends objects as messages, as many in one as fit.
func appendMessages(buf []byte, c codec, objects [][]byte) []byte {
	separator := c.separator()
	for len(objects) > 0 {
		n, size := 1, len(objects[0])
		for n < len(objects) && size+len(separator)+len(objects[n]) <= maxJoinedBytes {
			size += len(separator) + len(objects[n])
			n++
		}
		buf = append(appendHeader(buf, c.op(), size), objects[0]...)
		for _, object := range objects[1:n] {
			buf = append(append(buf, separator...), object...)
		}
		objects = objects[n:]
	}
	return buf
}

// appendClose appends a close frame.
func appendClose(buf []byte, code uint16, reason string) []byte {
	buf = appendHeader(buf, opClose, 2+len(reason))
	return append(binary.BigEndian.AppendUint16(buf, code), reason...)
}
