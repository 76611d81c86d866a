package memory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"magpie.build/packages/pubsub"
)

// The file has five buckets. Names and keys that begin with a channel end it with a zero byte, which no
// channel name has; numbers are big-endian, so that they sort. Each value ends with a checksum of its key
// and itself.
//
//	about         "epoch", "unsynced"           → see life.go
//	channels      channel                       → head
//	deadlines     milliseconds channel [0 key]  → nothing
//	keys          channel 0 idempotency key     → offset milliseconds (its end)
//	publications  channel 0 offset              → milliseconds data
var buckets = [][]byte{aboutBucket, channelsBucket, deadlinesBucket, keysBucket, publicationsBucket}

var (
	aboutBucket        = []byte("about")
	channelsBucket     = []byte("channels")
	deadlinesBucket    = []byte("deadlines")
	keysBucket         = []byte("keys")
	publicationsBucket = []byte("publications")
)

// errDamaged is wrapped when a record is not what this package writes.
var errDamaged = errors.New("record is damaged")

// sumSize is the bytes of a record's checksum.
const sumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// seal appends the record's checksum to its value.
func seal(key, value []byte) []byte {
	return binary.BigEndian.AppendUint32(value, checksum(key, value))
}

// unseal returns the value without its checksum, if that is right.
func unseal(key, sealed []byte) ([]byte, error) {
	end := len(sealed) - sumSize
	if end < 0 || checksum(key, sealed[:end]) != binary.BigEndian.Uint32(sealed[end:]) {
		return nil, fmt.Errorf("%w: the checksum of %q", errDamaged, key)
	}
	return sealed[:end], nil
}

// head is a channel's state: where its history ends, how much it keeps, until when (zero is for
// ever), and when a deadline is set for that.
type head struct {
	offset  uint64
	kept    uint64
	expires int64
	watched int64
}

// headSize is the bytes of a head.
const headSize = 32

func (h head) encode() []byte {
	b := make([]byte, 0, headSize+sumSize)
	b = binary.BigEndian.AppendUint64(b, h.offset)
	b = binary.BigEndian.AppendUint64(b, h.kept)
	b = binary.BigEndian.AppendUint64(b, uint64(h.expires))
	return binary.BigEndian.AppendUint64(b, uint64(h.watched))
}

func decodeHead(b []byte) (head, error) {
	if len(b) != headSize {
		return head{}, fmt.Errorf("%w: a channel's %d bytes", errDamaged, len(b))
	}
	h := head{
		offset:  binary.BigEndian.Uint64(b),
		kept:    binary.BigEndian.Uint64(b[8:]),
		expires: int64(binary.BigEndian.Uint64(b[16:])),
		watched: int64(binary.BigEndian.Uint64(b[24:])),
	}
	if h.kept > h.offset || h.kept > pubsub.MaxHistorySize {
		return head{}, fmt.Errorf("%w: a channel at %d keeps %d", errDamaged, h.offset, h.kept)
	}
	return h, nil
}

// publicationKey is where a publication is kept.
func publicationKey(channel string, offset uint64) []byte {
	b := make([]byte, 0, len(channel)+9)
	return binary.BigEndian.AppendUint64(append(append(b, channel...), 0), offset)
}

func decodePublicationKey(b []byte) (channel string, offset uint64, err error) {
	end := len(b) - 9
	if end < 0 || b[end] != 0 {
		return "", 0, fmt.Errorf("%w: a publication at %q", errDamaged, b)
	}
	return string(b[:end]), binary.BigEndian.Uint64(b[end+1:]), nil
}

func encodePublication(at time.Time, data []byte) []byte {
	b := make([]byte, 0, 8+len(data)+sumSize)
	return append(binary.BigEndian.AppendUint64(b, uint64(at.UnixMilli())), data...)
}

// decodePublication copies what it needs of b.
func decodePublication(b []byte) (at time.Time, data []byte, err error) {
	if len(b) < 8 {
		return time.Time{}, nil, fmt.Errorf("%w: a publication's %d bytes", errDamaged, len(b))
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b))), append([]byte(nil), b[8:]...), nil
}

func (k key) encode() []byte { return []byte(k.channel + "\x00" + k.name) }

func encodeAnswer(offset uint64, expires int64) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16+sumSize), offset)
	return binary.BigEndian.AppendUint64(b, uint64(expires))
}

func decodeAnswer(b []byte) (offset uint64, expires int64, err error) {
	if len(b) != 16 {
		return 0, 0, fmt.Errorf("%w: an idempotency key's %d bytes", errDamaged, len(b))
	}
	return binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:])), nil
}

// encodeDeadline names when k, or with no name the channel's history, may end.
func encodeDeadline(at int64, k key) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(at))
	b = append(b, k.channel...)
	if k.name != "" {
		b = append(append(b, 0), k.name...)
	}
	return b
}

func decodeDeadline(b []byte) (at int64, k key, err error) {
	if len(b) <= 8 {
		return 0, key{}, fmt.Errorf("%w: a deadline's %d bytes", errDamaged, len(b))
	}
	k.channel, k.name, _ = strings.Cut(string(b[8:]), "\x00")
	return int64(binary.BigEndian.Uint64(b)), k, nil
}
