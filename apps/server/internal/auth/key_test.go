package auth_test

import (
	"bytes"
	"testing"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/packages/pubsub/memory"
)

func open(t *testing.T, dir string) *memory.Broker {
	t.Helper()
	broker, err := memory.Open(memory.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return broker
}

func TestServersOnOneBrokerShareOneKey(t *testing.T) {
	broker := open(t, "")
	defer broker.Close()
	keys := make(chan []byte, 8)
	for range cap(keys) {
		go func() {
			key, err := auth.SharedKey(t.Context(), broker)
			if err != nil {
				t.Error(err)
			}
			keys <- key
		}()
	}
	first := <-keys
	if len(first) < auth.MinKey {
		t.Errorf("the key has %d bytes", len(first))
	}
	for range cap(keys) - 1 {
		if key := <-keys; !bytes.Equal(key, first) {
			t.Error("two servers have different keys")
		}
	}
}

func TestKeySurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	broker := open(t, dir)
	before, err := auth.SharedKey(t.Context(), broker)
	if err != nil {
		t.Fatal(err)
	}
	if err := broker.Close(); err != nil {
		t.Fatal(err)
	}
	broker = open(t, dir)
	defer broker.Close()
	after, err := auth.SharedKey(t.Context(), broker)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("another key after the restart: %v", err)
	}
}
