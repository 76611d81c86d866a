package pagefile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"

	"magpie.build/packages/pubsub/memory/internal/pagefile"
)

var long = flag.Bool("pagefile.long", false, "flip every bit and cut at every byte, instead of a sample")

// TestSurveyReadsWhatBoltWrote compares with bbolt itself.
func TestSurveyReadsWhatBoltWrote(t *testing.T) {
	t.Parallel()
	for _, pageSize := range []int{1 << 10, 4 << 10} {
		image := sample(t, pageSize)
		summary, records, err := survey(image)
		if err != nil || summary.PageSize != pageSize || summary.OneMeta || summary.Free == 0 {
			t.Fatalf("pages of %d: %+v, %v", pageSize, summary, err)
		}
		if want, err := read(t, image); err != nil || !slices.Equal(records, want) {
			t.Errorf("pages of %d: the survey read %d records, bbolt %d, %v", pageSize, len(records), len(want), err)
		}
	}
}

// TestNoFlippedBitGoesUnnoticed flips bits: what is accepted must read as before, but for bytes of keys and
// values, which the caller's checksums are for.
func TestNoFlippedBitGoesUnnoticed(t *testing.T) {
	t.Parallel()
	image := sample(t, 1<<10)
	summary, want, err := survey(image)
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for at := range chosen(t, summary.Pages*summary.PageSize*8) {
		image[at/8] ^= 1 << (at % 8)
		summary, records, err := survey(image)
		image[at/8] ^= 1 << (at % 8)
		switch {
		case err != nil && !errors.Is(err, pagefile.ErrDamaged) && !errors.Is(err, errSum):
			t.Fatalf("bit %d: %v", at, err)
		case err == nil && !summary.OneMeta && !slices.Equal(records, want):
			t.Fatalf("bit %d changed what is read, and is not noticed", at)
		case err == nil:
			accepted++
		}
	}
	t.Logf("%d flips made no difference", accepted)
}

func TestNoCutGoesUnnoticed(t *testing.T) {
	t.Parallel()
	image := sample(t, 1<<10)
	summary, _, err := survey(image)
	if err != nil {
		t.Fatal(err)
	}
	for size := range chosen(t, summary.Pages*summary.PageSize) {
		if _, _, err := survey(image[:size]); !errors.Is(err, pagefile.ErrDamaged) {
			t.Fatalf("cut to %d bytes: %v", size, err)
		}
	}
}

func TestOneMetaIsEnoughAndSaid(t *testing.T) {
	t.Parallel()
	for _, at := range []int{16, 1<<10 + 16} {
		image := sample(t, 1<<10)
		image[at] ^= 1
		if summary, _, err := survey(image); err != nil || !summary.OneMeta {
			t.Errorf("without the meta at %d: %+v, %v", at, summary, err)
		}
	}
	image := sample(t, 1<<10)
	image[16], image[1<<10+16] = 0, 0
	if _, _, err := survey(image); !errors.Is(err, pagefile.ErrDamaged) {
		t.Errorf("without any: %v", err)
	}
}

// FuzzSurvey changes bytes of a file, with metas that are right: what the survey accepts bbolt refuses, or
// reads as the survey did and can write to.
func FuzzSurvey(f *testing.F) {
	image := sample(f, 1<<10)
	f.Add([]byte(nil))
	f.Add([]byte{0, 24, 255, 4, 24, 3})   // the root's page, twice
	f.Add([]byte{8, 10, 1, 12, 10, 0xFF}) // counts
	f.Add([]byte{16, 12, 200, 0, 32, 7})  // an overflow, and the list of free pages
	f.Add([]byte{20, 16, 9, 20, 20, 0, 9, 8, 16})
	f.Fuzz(func(t *testing.T, edits []byte) {
		changed := slices.Clone(image)
		for ; len(edits) >= 3; edits = edits[3:] {
			changed[int(binary.BigEndian.Uint16(edits))%len(changed)] = edits[2]
		}
		mend(changed[:1<<10])
		mend(changed[1<<10 : 2<<10])
		_, records, err := survey(changed)
		if err != nil {
			return
		}
		if got, err := read(t, changed); err == nil && !slices.Equal(records, got) {
			t.Error("bbolt reads something else")
		}
	})
}

// mend gives a meta page the checksum that its bytes have.
func mend(page []byte) {
	sum := fnv.New64a()
	_, _ = sum.Write(page[16:72])
	binary.NativeEndian.PutUint64(page[72:], sum.Sum64())
}

// errSum stands for the caller's checksums.
var errSum = errors.New("checksum")

func survey(image []byte) (pagefile.Summary, []string, error) {
	var records []string
	summary, err := pagefile.Survey(bytes.NewReader(image), int64(len(image)), func(bucket string, key, value []byte) error {
		if len(value) < 4 || binary.BigEndian.Uint32(value) != hash(bucket, key, value[4:]) {
			return errSum
		}
		records = append(records, fmt.Sprintf("%s %q %x", bucket, key, value))
		return nil
	})
	return summary, records, err
}

func hash(bucket string, key, value []byte) uint32 {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s %q %q", bucket, key, value)
	return h.Sum32()
}

// read has bbolt read an image, and write to it. The error is that of opening.
func read(tb testing.TB, image []byte) (records []string, err error) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "file")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		tb.Fatal(err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // a copy
	err = db.Update(func(tx *bolt.Tx) error {
		if err := tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			return b.ForEach(func(key, value []byte) error {
				records = append(records, fmt.Sprintf("%s %q %x", name, key, value))
				return nil
			})
		}); err != nil {
			return err
		}
		_, err := tx.CreateBucketIfNotExists([]byte("another"))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return records, nil
}

// sample is a file with all that bbolt makes: branches, long values, small and empty buckets, free pages.
func sample(tb testing.TB, pageSize int) []byte {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "sample")
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true, PageSize: pageSize})
	if err != nil {
		tb.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 3 {
		if err := db.Update(func(tx *bolt.Tx) error { return fill(tx, random, round) }); err != nil {
			tb.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	image, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return image
}

func fill(tx *bolt.Tx, random *rand.Rand, round int) error {
	for bucket, records := range map[string]int{"empty": 0, "small": 2, "large": 40} {
		b, err := tx.CreateBucketIfNotExists([]byte(bucket))
		if err != nil {
			return err
		}
		for n := range records {
			key, size := fmt.Appendf(nil, "key-%d", n), random.IntN(100)
			if n == records/2 && bucket == "large" {
				size = 3000
			}
			if round == 2 && n%3 == 0 {
				if err := b.Delete(key); err != nil {
					return err
				}
				continue
			}
			value := slices.Repeat([]byte{byte(n)}, size)
			if err := b.Put(key, append(binary.BigEndian.AppendUint32(nil, hash(bucket, key, value)), value...)); err != nil {
				return err
			}
		}
	}
	return nil
}

// chosen goes through the numbers below n, or some of them.
func chosen(t *testing.T, n int) func(yield func(int) bool) {
	t.Helper()
	return func(yield func(int) bool) {
		step := 1
		if !*long {
			step = 1 + n/1000
			t.Logf("one of %d alone: -pagefile.long takes all", step)
		}
		for i := range n / step {
			if !yield(i*step + rand.IntN(step)) {
				return
			}
		}
	}
}
