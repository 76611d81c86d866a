package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
	"magpie.build/packages/pubsub/pubsubtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryKeepsThePromises(t *testing.T) {
	t.Parallel()
	pubsubtest.Run(t, func(testing.TB) pubsubtest.Fixture {
		return pubsubtest.Fixture{Open: inMemory}
	})
}

func TestDurableMemoryKeepsThePromises(t *testing.T) {
	t.Parallel()
	pubsubtest.Run(t, func(tb testing.TB) pubsubtest.Fixture {
		tb.Helper()
		return pubsubtest.Fixture{Open: onDisk}
	})
}

func inMemory(tb testing.TB) pubsub.Broker {
	tb.Helper()
	return open(tb, "")
}

func onDisk(tb testing.TB) pubsub.Broker {
	tb.Helper()
	return open(tb, tb.TempDir())
}

func open(tb testing.TB, dir string) *memory.Broker {
	tb.Helper()
	b, err := memory.Open(memory.Options{Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func BenchmarkMemory(b *testing.B) {
	pubsubtest.Bench(b, inMemory)
}

// BenchmarkDurableMemory has every commit wait for the disk.
func BenchmarkDurableMemory(b *testing.B) {
	pubsubtest.Bench(b, onDisk)
}

// BenchmarkUnsyncedMemory leaves the disk to the system.
func BenchmarkUnsyncedMemory(b *testing.B) {
	pubsubtest.Bench(b, func(tb testing.TB) pubsub.Broker {
		tb.Helper()
		broker, err := memory.Open(memory.Options{Dir: tb.TempDir(), Sync: memory.SyncNever})
		if err != nil {
			tb.Fatal(err)
		}
		return broker
	})
}
