package memory

import (
	"bytes"
	"testing"
)

// FuzzRecords reads records of any bytes: each is refused, or means what it says when written again.
func FuzzRecords(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(bytes.Repeat([]byte{0}, 32))
	f.Add(bytes.Repeat([]byte{255}, 64))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x00\x01\x9a\x00\x00\x00\x00room\x00key"))
	f.Add(publicationKey("room", 5))
	f.Add(seal([]byte("key"), []byte("value")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if value, err := unseal([]byte("key"), b); err == nil && !bytes.Equal(seal([]byte("key"), bytes.Clone(value)), b) {
			t.Errorf("record %x became %x", b, seal([]byte("key"), value))
		}
		if h, err := decodeHead(b); err == nil && !bytes.Equal(h.encode(), b) {
			t.Errorf("head %x became %x", b, h.encode())
		}
		if channel, offset, err := decodePublicationKey(b); err == nil && !bytes.Equal(publicationKey(channel, offset), b) {
			t.Errorf("publication key %x became %x", b, publicationKey(channel, offset))
		}
		if at, data, err := decodePublication(b); err == nil && !bytes.Equal(encodePublication(at, data), b) {
			t.Errorf("publication %x became %x", b, encodePublication(at, data))
		}
		if offset, expires, err := decodeAnswer(b); err == nil && !bytes.Equal(encodeAnswer(offset, expires), b) {
			t.Errorf("answer %x became %x", b, encodeAnswer(offset, expires))
		}
		if at, k, err := decodeDeadline(b); err == nil && k.name != "" && !bytes.Equal(encodeDeadline(at, k), b) {
			t.Errorf("deadline %x became %x", b, encodeDeadline(at, k))
		}
	})
}
