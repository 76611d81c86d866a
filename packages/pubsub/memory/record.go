package memory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"magpie.build/packages/pubsub"
)

// The file has four buckets. Names and keys that begin with a channel end it with a zero byte,
// which no channel name has; numbers are big-endian, so that they sort.
//
//	channels      channel                       → head
//	publications  channel 0 offset              → milliseconds data
//	keys          channel 0 idempotency key     → offset milliseconds (its end) epoch
//	deadlines     milliseconds channel [0 key]  → nothing
var buckets = [][]byte{channelsBucket, publicationsBucket, keysBucket, deadlinesBucket}

var (
	channelsBucket     = []byte("channels")
	publicationsBucket = []byte("publications")
	keysBucket         = []byte("keys")
	deadlinesBucket    = []byte("deadlines")
)

// errDamaged is wrapped when a record is not what this package writes.
var errDamaged = errors.New("record is damaged")

// head is a channel's state: where its history ends, how much it keeps, until when (zero is for
// ever), and when a deadline is set for that.
type head struct {
	position pubsub.Position
	kept     uint64
	expires  int64
	watched  int64
}

func (h head) encode() []byte {
	b := make([]byte, 0, 32+len(h.position.Epoch))
	b = binary.BigEndian.AppendUint64(b, h.position.Offset)
	b = binary.BigEndian.AppendUint64(b, h.kept)
	b = binary.BigEndian.AppendUint64(b, uint64(h.expires))
	b = binary.BigEndian.AppendUint64(b, uint64(h.watched))
	return append(b, h.position.Epoch...)
}

func decodeHead(b []byte) (head, error) {
	if len(b) <= 32 {
		return head{}, fmt.Errorf("%w: a channel's %d bytes", errDamaged, len(b))
	}
	h := head{
		position: pubsub.Position{Epoch: string(b[32:]), Offset: binary.BigEndian.Uint64(b)},
		kept:     binary.BigEndian.Uint64(b[8:]),
		expires:  int64(binary.BigEndian.Uint64(b[16:])),
		watched:  int64(binary.BigEndian.Uint64(b[24:])),
	}
	if h.kept > h.position.Offset || h.kept > pubsub.MaxHistorySize {
		return head{}, fmt.Errorf("%w: a channel at %d keeps %d", errDamaged, h.position.Offset, h.kept)
	}
	return h, nil
}

// publicationKey is where a publication is kept.
func publicationKey(channel string, offset uint64) []byte {
	b := make([]byte, 0, len(channel)+9)
	return binary.BigEndian.AppendUint64(append(append(b, channel...), 0), offset)
}

func encodePublication(at time.Time, data []byte) []byte {
	b := make([]byte, 0, 8+len(data))
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

func encodeAnswer(p pubsub.Position, expires int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, p.Offset)
	b = binary.BigEndian.AppendUint64(b, uint64(expires))
	return append(b, p.Epoch...)
}

func decodeAnswer(b []byte) (p pubsub.Position, expires int64, err error) {
	if len(b) <= 16 {
		return p, 0, fmt.Errorf("%w: an idempotency key's %d bytes", errDamaged, len(b))
	}
	p = pubsub.Position{Epoch: string(b[16:]), Offset: binary.BigEndian.Uint64(b)}
	return p, int64(binary.BigEndian.Uint64(b[8:])), nil
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
