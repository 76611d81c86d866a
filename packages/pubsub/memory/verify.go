package memory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"magpie.build/packages/pubsub/memory/internal/pagefile"
)

// ErrDamaged is wrapped by [Open] when the directory has a history that cannot be read whole. The file
// is left as it is.
var ErrDamaged = errors.New("history is damaged")

// Verify finds out whether the history in a directory can be read whole, changing nothing. A directory without
// one can, and so can one that a process has open. The error wraps [ErrDamaged] when it cannot.
func Verify(dir string) error {
	path := filepath.Join(dir, fileName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := inspect(path); err != nil && !errors.Is(err, errInUse) {
		return fmt.Errorf("verify history in %s: %w", dir, err)
	}
	return nil
}

// verify reads a file of which nothing is known, and finds out whether all that was ever committed is
// there.
func verify(path string) (pagefile.Summary, error) {
	file, err := os.Open(path)
	if err != nil {
		return pagefile.Summary{}, err
	}
	defer file.Close() //nolint:errcheck // it was read only
	info, err := file.Stat()
	if err != nil {
		return pagefile.Summary{}, err
	}
	return verifyFile(file, info.Size())
}

func verifyFile(file io.ReaderAt, size int64) (pagefile.Summary, error) {
	v := verifier{heads: make(map[string]head)}
	summary, err := pagefile.Survey(file, size, v.visit)
	if err == nil {
		err = v.complete()
	}
	if errors.Is(err, errDamaged) || errors.Is(err, pagefile.ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return summary, err
}

// verifier compares what the buckets say of each other. They come by name: the heads of channels before
// their publications.
type verifier struct {
	heads map[string]head // of channels whose publications have not all come
	epoch bool            // the file has one
}

func (v *verifier) visit(bucket string, key, sealed []byte) error {
	value, err := unseal(key, sealed)
	if err != nil {
		return err
	}
	switch bucket {
	case string(aboutBucket):
		v.epoch = v.epoch || bytes.Equal(key, epochKey)
	case string(channelsBucket):
		h, err := decodeHead(value)
		if err != nil {
			return err
		}
		if h.kept > 0 {
			v.heads[string(key)] = h
		}
	case string(publicationsBucket):
		return v.publication(key, value)
	case string(keysBucket):
		_, _, err := decodeAnswer(value)
		return err
	case string(deadlinesBucket):
		_, _, err := decodeDeadline(key)
		return err
	default:
		return fmt.Errorf("%w: bucket %q is not one of ours", errDamaged, bucket)
	}
	return nil
}

// publication checks that a publication is the next that its channel keeps.
func (v *verifier) publication(key, value []byte) error {
	channel, offset, err := decodePublicationKey(key)
	if err != nil {
		return err
	}
	h := v.heads[channel]
	if h.kept == 0 || offset != h.offset-h.kept+1 {
		return fmt.Errorf("%w: channel %q keeps %d up to %d, and has %d", errDamaged, channel, h.kept, h.offset, offset)
	}
	if h.kept--; h.kept == 0 {
		delete(v.heads, channel)
	} else {
		v.heads[channel] = h
	}
	_, _, err = decodePublication(value)
	return err
}

func (v *verifier) complete() error {
	if !v.epoch {
		return fmt.Errorf("%w: the file's epoch is missing", errDamaged)
	}
	for _, channel := range slices.Sorted(maps.Keys(v.heads)) {
		h := v.heads[channel]
		return fmt.Errorf("%w: %d publications of channel %q are missing, up to %d", errDamaged, h.kept, channel, h.offset)
	}
	return nil
}
