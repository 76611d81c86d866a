package realtime

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie.build/packages/pubsub"
)

// BenchmarkFrame is what a publication costs once, whoever is subscribed.
func BenchmarkFrame(b *testing.B) {
	for _, size := range []int{100, 1000} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			publication := pubsub.Publication{
				Position: pubsub.Position{Epoch: "e", Offset: 12345},
				Time:     time.UnixMilli(1_700_000_000_000),
				Data:     []byte(`{"data":"` + strings.Repeat("x", size) + `"}`),
			}
			b.ReportAllocs()
			for b.Loop() {
				newEntry(entryPublication, publication.Position, publicationPush("room:1", publication))
			}
		})
	}
}

// BenchmarkDecode is what a command costs to read.
func BenchmarkDecode(b *testing.B) {
	message := []byte(`{"id":7,"publish":{"channel":"room:1","data":{"text":"` + strings.Repeat("x", 100) + `"}}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeCommands(message); err != nil {
			b.Fatal(err)
		}
	}
}
