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
		return pubsubtest.Fixture{Open: func(t testing.TB) pubsub.Broker { return open(t, "") }}
	})
}

func TestDurableMemoryKeepsThePromises(t *testing.T) {
	t.Parallel()
	pubsubtest.Run(t, func(t testing.TB) pubsubtest.Fixture {
		dir := t.TempDir()
		return pubsubtest.Fixture{Open: func(t testing.TB) pubsub.Broker { return open(t, dir) }}
	})
}

func open(t testing.TB, dir string) *memory.Broker {
	t.Helper()
	b, err := memory.Open(memory.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func BenchmarkMemory(b *testing.B) {
	pubsubtest.Bench(b, func(t testing.TB) pubsub.Broker { return open(t, "") })
}

func BenchmarkDurableMemory(b *testing.B) {
	pubsubtest.Bench(b, func(t testing.TB) pubsub.Broker { return open(t, t.TempDir()) })
}
