package memory

import (
	"os"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// All channels of a file share its epoch. It ends when the file may have gone back to a state that
// somebody saw more than: then offsets would be given twice, and who asks for what came after one of
// them would get something else without a word. That is so when
//
//   - the machine ended while the file was written without waiting for the disk ([SyncNever]);
//   - the page that names the newest state could not be read, and the other was taken.
//
// A killed process is neither: what it wrote is the system's, and gets to the file.
var (
	epochKey = []byte("epoch")
	// unsyncedKey is there while a process writes without waiting. Its value is the machine's start.
	unsyncedKey = []byte("unsynced")
)

// create fills a new file.
func create(tx *bolt.Tx) error {
	if err := makeBuckets(tx); err != nil {
		return err
	}
	return put(tx.Bucket(aboutBucket), epochKey, []byte(newEpoch()))
}

// begin notes how the file is going to be written, and returns its epoch: a new one if the file may have
// gone back.
func begin(tx *bolt.Tx, sync Sync, wentBack bool) (epoch string, renewed bool, err error) {
	if err := makeBuckets(tx); err != nil {
		return "", false, err
	}
	about := tx.Bucket(aboutBucket)
	value, err := get(about, epochKey)
	if err != nil {
		return "", false, err
	}
	unsynced, err := get(about, unsyncedKey)
	if err != nil {
		return "", false, err
	}
	epoch = string(value)
	if renewed = wentBack || unsynced != nil && !sameStart(string(unsynced)); renewed {
		epoch = newEpoch()
		if err := put(about, epochKey, []byte(epoch)); err != nil {
			return "", false, err
		}
	}
	if sync == SyncAlways {
		return epoch, renewed, about.Delete(unsyncedKey)
	}
	return epoch, renewed, put(about, unsyncedKey, []byte(machineStart()))
}

func makeBuckets(tx *bolt.Tx) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// startFile has a text that is another each time the machine starts. Only Linux has it; elsewhere a process
// that ended without closing its file is taken for a machine that did, which costs an epoch.
const startFile = "/proc/sys/kernel/random/boot_id"

func machineStart() string {
	text, err := os.ReadFile(startFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func sameStart(noted string) bool { return noted != "" && noted == machineStart() }

// get returns a record's value, nil if there is none. It is valid until the transaction ends.
func get(bucket *bolt.Bucket, key []byte) ([]byte, error) {
	sealed := bucket.Get(key)
	if sealed == nil {
		return nil, nil
	}
	return unseal(key, sealed)
}

// put writes a record. The value must not be used afterwards.
func put(bucket *bolt.Bucket, key, value []byte) error {
	return bucket.Put(key, seal(key, value))
}
