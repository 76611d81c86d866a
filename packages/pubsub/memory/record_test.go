package memory

import (
	"bytes"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// FuzzRecords reads records of any bytes: each is refused, or means what it says when written again.
func FuzzRecords(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(bytes.Repeat([]byte{0}, 33))
	f.Add(bytes.Repeat([]byte{255}, 64))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00EPOCH"))
	f.Add([]byte("\x00\x00\x01\x9a\x00\x00\x00\x00room\x00key"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := decodeHead(b); err == nil && !bytes.Equal(h.encode(), b) {
			t.Errorf("head %x became %x", b, h.encode())
		}
		if at, data, err := decodePublication(b); err == nil && !bytes.Equal(encodePublication(at, data), b) {
			t.Errorf("publication %x became %x", b, encodePublication(at, data))
		}
		if p, expires, err := decodeAnswer(b); err == nil && !bytes.Equal(encodeAnswer(p, expires), b) {
			t.Errorf("answer %x became %x", b, encodeAnswer(p, expires))
		}
		if at, k, err := decodeDeadline(b); err == nil && k.name != "" && !bytes.Equal(encodeDeadline(at, k), b) {
			t.Errorf("deadline %x became %x", b, encodeDeadline(at, k))
		}
	})
}

// CountPublications returns how many publications the file of a closed broker has.
func CountPublications(t *testing.T, dir string) int {
	t.Helper()
	db, err := bolt.Open(filepath.Join(dir, "history.db"), 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	if err := db.View(func(tx *bolt.Tx) error {
		count = tx.Bucket(publicationsBucket).Stats().KeyN
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	return count
}
