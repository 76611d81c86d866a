package memory

import (
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// FileName is the file of a directory.
const FileName = fileName

// MinReclaim is the least that writing a file anew must save.
const MinReclaim = minReclaim

// SetClock has a broker go by another clock.
func (b *Broker) SetClock(read func() (wall time.Time, running time.Duration)) {
	var c *clock
	switch s := b.store.(type) {
	case *disk:
		c = s.clock
	case *ram:
		c = s.clock
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = read
}

// CountRecords returns how many records of each bucket the file of a closed broker has.
func CountRecords(t *testing.T, dir string) map[string]int {
	t.Helper()
	db, err := bolt.Open(filepath.Join(dir, fileName), 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was read only
	counts := make(map[string]int)
	if err := db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
			counts[string(name)] = bucket.Stats().KeyN
			return nil
		})
	}); err != nil {
		t.Error(err)
	}
	return counts
}

// PretendMachineStarted notes, in the file of a closed broker, that the machine was started since.
func PretendMachineStarted(t *testing.T, dir string) {
	t.Helper()
	db, err := bolt.Open(filepath.Join(dir, fileName), 0o600, &bolt.Options{Timeout: lockPatience})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error {
		return put(tx.Bucket(aboutBucket), unsyncedKey, []byte("another start"))
	}); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
