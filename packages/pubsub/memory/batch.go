package memory

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"magpie.build/packages/pubsub"
)

// sweepSize is how many deadlines one batch looks at, so that no publish waits for a great many.
const sweepSize = 256

// batch is one transaction of many publishes.
type batch struct {
	channels, publications, keys, deadlines *bolt.Bucket
	now                                     time.Time
	fresh                                   func(channel string) string // the epoch of a channel that has none
}

func newBatch(tx *bolt.Tx, now time.Time, fresh func(string) string) *batch {
	return &batch{
		channels:     tx.Bucket(channelsBucket),
		publications: tx.Bucket(publicationsBucket),
		keys:         tx.Bucket(keysBucket),
		deadlines:    tx.Bucket(deadlinesBucket),
		now:          now,
		fresh:        fresh,
	}
}

// head returns a channel's state; what its TTL ended counts as kept no more.
func (b *batch) head(channel string) (head, error) {
	value := b.channels.Get([]byte(channel))
	if value == nil {
		return head{position: pubsub.Position{Epoch: b.fresh(channel)}}, nil
	}
	return decodeHead(value)
}

// ended reports whether a time in milliseconds, zero being never, has come.
func (b *batch) ended(at int64) bool { return at != 0 && at <= b.now.UnixMilli() }

// append writes one publish. The publication's position is that of the first publish when the
// idempotency key is known; repeated then is true.
func (b *batch) append(p publish) (publication pubsub.Publication, repeated bool, err error) {
	k := key{p.channel, p.options.IdempotencyKey}
	if k.name != "" {
		position, known, err := b.answer(k)
		if err != nil || known {
			return pubsub.Publication{Position: position}, known, err
		}
	}
	h, err := b.head(p.channel)
	if err != nil {
		return pubsub.Publication{}, false, err
	}
	if b.ended(h.expires) {
		if err := b.trim(p.channel, &h, 0); err != nil {
			return pubsub.Publication{}, false, err
		}
	}
	h.position.Offset++
	h.kept++
	publication = pubsub.Publication{Position: h.position, Time: b.now, Data: p.data}
	if err := b.publications.Put(publicationKey(p.channel, h.position.Offset), encodePublication(b.now, p.data)); err != nil {
		return publication, false, err
	}
	if err := b.trim(p.channel, &h, uint64(p.options.HistorySize)); err != nil {
		return publication, false, err
	}
	if err := b.remember(k, h.position, p.options.IdempotencyTTL); err != nil {
		return publication, false, err
	}
	return publication, false, b.keep(p, h)
}

// answer returns what a publish under k returned, if that is still known.
func (b *batch) answer(k key) (position pubsub.Position, known bool, err error) {
	value := b.keys.Get(k.encode())
	if value == nil {
		return position, false, nil
	}
	position, expires, err := decodeAnswer(value)
	return position, err == nil && !b.ended(expires), err
}

// remember stores the answer under k, if k names something.
func (b *batch) remember(k key, position pubsub.Position, ttl time.Duration) error {
	if k.name == "" {
		return nil
	}
	expires := b.now.Add(ttl).UnixMilli()
	if err := b.keys.Put(k.encode(), encodeAnswer(position, expires)); err != nil {
		return err
	}
	return b.deadlines.Put(encodeDeadline(expires, k), nil)
}

// keep stores the channel's head. Only the first publish with a TTL sets a deadline: it moves when
// it comes, not at each publish.
func (b *batch) keep(p publish, h head) error {
	h.expires = 0
	if p.options.HistoryTTL > 0 {
		h.expires = b.now.Add(p.options.HistoryTTL).UnixMilli()
	}
	return b.watch(p.channel, h)
}

// watch stores the channel's head, with a deadline if it needs one.
func (b *batch) watch(channel string, h head) error {
	if h.expires != 0 && h.watched == 0 {
		h.watched = h.expires
		if err := b.deadlines.Put(encodeDeadline(h.watched, key{channel: channel}), nil); err != nil {
			return err
		}
	}
	return b.channels.Put([]byte(channel), h.encode())
}

// trim deletes the oldest publications until size are kept.
func (b *batch) trim(channel string, h *head, size uint64) error {
	for ; h.kept > size; h.kept-- {
		if err := b.publications.Delete(publicationKey(channel, h.position.Offset-h.kept+1)); err != nil {
			return err
		}
	}
	return nil
}

// sweep deletes what deadlines ended.
func (b *batch) sweep() error {
	var due [][]byte
	end := binary.BigEndian.AppendUint64(nil, uint64(b.now.UnixMilli())+1)
	cursor := b.deadlines.Cursor()
	for k, _ := cursor.First(); k != nil && bytes.Compare(k, end) < 0 && len(due) < sweepSize; k, _ = cursor.Next() {
		due = append(due, slices.Clone(k))
	}
	for _, encoded := range due {
		if err := b.end(encoded); err != nil {
			return err
		}
	}
	return nil
}

// end deletes a deadline that came, and what it was for unless that was put off.
func (b *batch) end(encoded []byte) error {
	if err := b.deadlines.Delete(encoded); err != nil {
		return err
	}
	_, k, err := decodeDeadline(encoded)
	if err != nil {
		return err
	}
	if k.name != "" {
		_, known, err := b.answer(k)
		if err != nil || known {
			return err
		}
		return b.keys.Delete(k.encode())
	}
	h, err := b.head(k.channel)
	if err != nil {
		return err
	}
	h.watched = 0
	if b.ended(h.expires) {
		if err := b.trim(k.channel, &h, 0); err != nil {
			return err
		}
		h.expires = 0
	}
	return b.watch(k.channel, h)
}

// read returns the part of the channel's history that o chooses.
func (b *batch) read(channel string, o pubsub.HistoryOptions) (pubsub.History, error) {
	h, err := b.head(channel)
	if err != nil {
		return pubsub.History{}, err
	}
	if b.ended(h.expires) {
		h.kept = 0
	}
	answer := pubsub.History{Position: h.position}
	first, last, ok := choose(h.position, int(min(h.kept, math.MaxInt32)), o)
	if !ok {
		return answer, pubsub.ErrUnrecoverable
	}
	cursor := b.publications.Cursor()
	_, value := cursor.Seek(publicationKey(channel, first))
	for offset := first; offset <= last; offset++ {
		at, data, err := decodePublication(value)
		if err != nil {
			return answer, err
		}
		position := pubsub.Position{Epoch: h.position.Epoch, Offset: offset}
		answer.Publications = append(answer.Publications, pubsub.Publication{Position: position, Time: at, Data: data})
		_, value = cursor.Next()
	}
	if o.Reverse {
		slices.Reverse(answer.Publications)
	}
	return answer, nil
}
