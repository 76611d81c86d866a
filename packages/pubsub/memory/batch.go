package memory

import (
	"math"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"magpie.build/packages/pubsub"
)

// sweepSize is how many deadlines one batch looks at beside those that its publishes may have set, so that
// no publish waits for a great many.
const sweepSize = 256

// batch is one transaction of many publishes.
type batch struct {
	channels, publications, keys, deadlines *bolt.Bucket
	epoch                                   string
	now, wall                               time.Time
	publishes                               int
}

func newBatch(tx *bolt.Tx, epoch string, now, wall time.Time) *batch {
	return &batch{
		channels:     tx.Bucket(channelsBucket),
		publications: tx.Bucket(publicationsBucket),
		keys:         tx.Bucket(keysBucket),
		deadlines:    tx.Bucket(deadlinesBucket),
		epoch:        epoch,
		now:          now,
		wall:         wall,
	}
}

func (b *batch) position(offset uint64) pubsub.Position {
	return pubsub.Position{Epoch: b.epoch, Offset: offset}
}

// head returns a channel's state. What its TTL ended it may still count as kept.
func (b *batch) head(channel string) (head, error) {
	value, err := get(b.channels, []byte(channel))
	if value == nil || err != nil {
		return head{}, err
	}
	return decodeHead(value)
}

// ended reports whether a time in milliseconds, zero being never, has come.
func (b *batch) ended(at int64) bool { return at != 0 && at <= b.now.UnixMilli() }

// append writes one publish. The publication's position is that of the first publish when the
// idempotency key is known; repeated then is true.
func (b *batch) append(p publish) (publication pubsub.Publication, repeated bool, err error) {
	b.publishes++
	k := keyOf(p)
	if k.name != "" {
		offset, known, err := b.answer(k)
		if err != nil || known {
			return pubsub.Publication{Position: b.position(offset)}, known, err
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
	h.offset++
	h.kept++
	publication = pubsub.Publication{Position: b.position(h.offset), Time: b.wall, Data: p.data}
	if err := put(b.publications, publicationKey(p.channel, h.offset), encodePublication(b.wall, p.data)); err != nil {
		return publication, false, err
	}
	if err := b.trim(p.channel, &h, uint64(p.options.HistorySize)); err != nil {
		return publication, false, err
	}
	if err := b.remember(k, h.offset, p.options.IdempotencyTTL); err != nil {
		return publication, false, err
	}
	return publication, false, b.keep(p, h)
}

// remove deletes what a channel keeps.
func (b *batch) remove(channel string) error {
	h, err := b.head(channel)
	if err != nil || h.kept == 0 {
		return err
	}
	if err := b.trim(channel, &h, 0); err != nil {
		return err
	}
	return b.watch(channel, h)
}

// answer returns where a publish under k went, if that is still known.
func (b *batch) answer(k key) (offset uint64, known bool, err error) {
	value, err := get(b.keys, k.encode())
	if value == nil || err != nil {
		return 0, false, err
	}
	offset, expires, err := decodeAnswer(value)
	return offset, err == nil && !b.ended(expires), err
}

// remember stores the answer under k, if k names something.
func (b *batch) remember(k key, offset uint64, ttl time.Duration) error {
	if k.name == "" {
		return nil
	}
	expires := b.now.Add(ttl).UnixMilli()
	if err := put(b.keys, k.encode(), encodeAnswer(offset, expires)); err != nil {
		return err
	}
	return put(b.deadlines, encodeDeadline(expires, k), nil)
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
		if err := put(b.deadlines, encodeDeadline(h.watched, key{channel: channel}), nil); err != nil {
			return err
		}
	}
	return put(b.channels, []byte(channel), h.encode())
}

// trim deletes the oldest publications until size are kept.
func (b *batch) trim(channel string, h *head, size uint64) error {
	for ; h.kept > size; h.kept-- {
		if err := b.publications.Delete(publicationKey(channel, h.offset-h.kept+1)); err != nil {
			return err
		}
	}
	return nil
}

// sweep deletes what deadlines ended. It looks at more of them than the batch can have set, so that they
// do not pile up.
func (b *batch) sweep() error {
	var due [][]byte
	cursor := b.deadlines.Cursor()
	for k, _ := cursor.First(); b.due(k) && len(due) < sweepSize+2*b.publishes; k, _ = cursor.Next() {
		due = append(due, slices.Clone(k))
	}
	for _, encoded := range due {
		if err := b.end(encoded); err != nil {
			return err
		}
	}
	return nil
}

// due reports whether a deadline, nil being none, has come.
func (b *batch) due(encoded []byte) bool {
	at, _, err := decodeDeadline(encoded)
	return encoded != nil && (err != nil || b.ended(at))
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
	answer := pubsub.History{Position: b.position(h.offset)}
	first, last, ok := choose(answer.Position, int(min(h.kept, math.MaxInt32)), o)
	if !ok {
		return answer, pubsub.ErrUnrecoverable
	}
	cursor := b.publications.Cursor()
	key, sealed := cursor.Seek(publicationKey(channel, first))
	for offset := first; offset <= last; offset++ {
		value, err := unseal(key, sealed)
		if err != nil {
			return answer, err
		}
		at, data, err := decodePublication(value)
		if err != nil {
			return answer, err
		}
		answer.Publications = append(answer.Publications, pubsub.Publication{Position: b.position(offset), Time: at, Data: data})
		key, sealed = cursor.Next()
	}
	if o.Reverse {
		slices.Reverse(answer.Publications)
	}
	return answer, nil
}
