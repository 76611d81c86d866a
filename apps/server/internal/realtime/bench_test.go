package realtime

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
)

// BenchmarkFrame is what a publication costs once for each variant, whoever is subscribed.
func BenchmarkFrame(b *testing.B) {
	for v, name := range []string{jsonVariant: "json", protobufVariant: "protobuf"} {
		for _, size := range []int{100, 1000} {
			b.Run(fmt.Sprintf("%s/%dB", name, size), func(b *testing.B) {
				c := codecs[v]
				publication := pubsub.Publication{
					Position: pubsub.Position{Epoch: "e", Offset: 12345},
					Time:     time.UnixMilli(1_700_000_000_000),
					Data:     []byte(`{"data":"` + strings.Repeat("x", size) + `"}`),
				}
				b.ReportAllocs()
				for b.Loop() {
					body, err := c.push("room:1", publicationPush(publication))
					if err != nil {
						b.Fatal(err)
					}
					frame(c.op(), body)
				}
			})
		}
	}
}

// BenchmarkDecode is what a command costs to read.
func BenchmarkDecode(b *testing.B) {
	data := `{"text":"` + strings.Repeat("x", 100) + `"}`
	fields := appendMessage(appendUint(nil, 1, 7), 7, func(buf []byte) []byte {
		return appendText(appendText(buf, 1, "room:1"), 2, data)
	})
	for name, test := range map[string]struct {
		codec   codec
		message []byte
	}{
		"json":     {jsonCodec{}, []byte(`{"id":7,"publish":{"channel":"room:1","data":` + data + `}}`)},
		"protobuf": {protobufCodec{}, insertLength(fields, 0)},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := test.codec.decode(test.message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
