package realtime

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"magpie.build/apps/server/internal/fossil"
	"magpie.build/packages/pubsub"
)

// A client that subscribes with "delta": "fossil" to a channel that offers it is sent what has changed
// since the publication before, as Fossil's deltas (https://fossil-scm.org/home/doc/tip/www/delta_format.wiki),
// which are made once a publication for all such subscribers. It is sent a whole publication first, after
// anything that did not come from the channel's log, and where a delta would be no shorter. In JSON the
// data of all its publications is a string, in it the payload or the delta.

// deltaFossil is the only kind of delta.
const deltaFossil = "fossil"

// maxDeltaBytes is the largest payload that a delta is made of or for: it takes a millisecond at most.
const maxDeltaBytes = 64 << 10

// ofDeltas is the variant of those who understand deltas.
func (v variant) ofDeltas() variant {
	if v == protobufVariant {
		return protobufDeltaVariant
	}
	return jsonDeltaVariant
}

// whole is the variant of publications for those who read v, where there is no delta.
func (v variant) whole() variant {
	switch v {
	case jsonDeltaVariant:
		return jsonTextVariant
	case protobufDeltaVariant:
		return protobufVariant
	default:
		return v
	}
}

// deltaPush is a publication for those who understand deltas: as patch, or whole where that is nil.
type deltaPush struct {
	publication pubsub.Publication
	stored      storedPublication
	patch       []byte
}

func newDeltaPush(publication pubsub.Publication) deltaPush {
	return deltaPush{publication: publication, stored: readStored(publication.Data)}
}

// from is the publication as what changed since the payload before, which is nil for none. It is whole
// where that does not pay.
func (p deltaPush) from(before []byte) deltaPush {
	payload := p.stored.payload()
	if before == nil || len(before) > maxDeltaBytes || len(payload) > maxDeltaBytes {
		return p
	}
	if patch := fossil.Delta(before, payload); len(patch) < len(payload) {
		p.patch = patch
	}
	return p
}

func (deltaPush) field() (string, protowire.Number) { return "pub", 4 }

func (p deltaPush) appendProtobuf(buf []byte) []byte {
	return appendStoredProtobuf(buf, p.publication, &p.stored, p.patch)
}

func (p deltaPush) appendJSON(buf []byte) ([]byte, error) {
	data := []byte(p.stored.Data)
	if p.patch != nil {
		data = p.patch
	}
	if p.stored.Data == nil || !utf8.Valid(data) {
		return buf, DisconnectInappropriateProtocol
	}
	encoded, err := marshal(struct {
		Data  string            `json:"data"`
		Info  *clientInfo       `json:"info,omitempty"`
		Tags  map[string]string `json:"tags,omitempty"`
		Delta bool              `json:"delta,omitempty"`
	}{string(data), p.stored.Info, p.stored.Tags, p.patch != nil})
	if err != nil {
		return buf, err
	}
	return appendPosition(append(buf, encoded[:len(encoded)-1]...), p.publication), nil
}

// appendTexts appends publications as an array, whole, for those who understand deltas.
func appendTexts(buf []byte, publications []pubsub.Publication) ([]byte, error) {
	return appendArray(buf, publications, func(buf []byte, publication pubsub.Publication) ([]byte, error) {
		return newDeltaPush(publication).appendJSON(buf)
	})
}

// appendDeltas frames a publication for those of its readers who understand deltas, and remembers its
// payload for the next. mu is held.
func (ch *channel) appendDeltas(e *entry, publication pubsub.Publication) {
	if ch.readers[jsonDeltaVariant]+ch.readers[protobufDeltaVariant] == 0 {
		ch.payload = nil
		return
	}
	whole := newDeltaPush(publication)
	changed := whole.from(ch.payload)
	ch.payload = whole.stored.payload()
	for _, v := range []variant{jsonDeltaVariant, protobufDeltaVariant} {
		if ch.readers[v] == 0 {
			continue
		}
		if e.framed[v.whole()].frame == nil {
			ch.frame(e, v.whole(), whole)
		}
		if changed.patch != nil {
			ch.frame(e, v, changed)
		}
	}
}

// choose is what of an entry goes to the subscription, as a delta if the client has seen the publication
// before. The connection's mu is held.
func (s *subscription) choose(e *entry) framed {
	if e.kind != entryPublication {
		return e.framed[s.variant]
	}
	follows := e.number == s.seen+1
	s.seen = e.number
	if delta := e.framed[s.variant]; follows && delta.frame != nil {
		return delta
	}
	return e.framed[s.variant.whole()]
}

// whole is a publication that does not come from the log, for this subscription.
func (s *subscription) whole(publication pubsub.Publication) object {
	s.seen = 0
	if s.offer.Delta {
		return newDeltaPush(publication)
	}
	return publicationPush(publication)
}
