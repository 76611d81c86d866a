package cache

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/zstd"

	"magpie.build/tools/pipeline/internal/hash"
)

// ErrChanged is wrapped by Store where an output is not as it was when it was listed. Nothing is stored.
var ErrChanged = errors.New("changed while it was stored")

// Store keeps what a task made under its key. An artifact that is there already is replaced.
func (c *Cache) Store(key hash.Key, recipe Recipe, outputs []Output) (err error) {
	front, err := encodeHead(head{Recipe: recipe, Key: key, Outputs: outputs})
	if err != nil {
		return fmt.Errorf("store %s: %w", recipe.Task, err)
	}
	temp, err := os.CreateTemp(c.incoming(), "artifact-*")
	if err != nil {
		return fmt.Errorf("store %s: %w", recipe.Task, err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // not there once it has been renamed
	err = c.write(temp, front, outputs)
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp.Name(), c.artifact(key))
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", recipe.Task, err)
	}
	return nil
}

// window is how far back an artifact's bytes are compared. The library's own four times as much takes so much memory that the first artifact
// of a run is waited for by a collection of garbage.
const window = 1 << 20

// packers are encoders to be used again: each takes megabytes.
var packers sync.Pool

func (c *Cache) write(w io.Writer, front []byte, outputs []Output) error {
	buffer := bufio.NewWriterSize(w, 64<<10)
	if _, err := buffer.Write(front); err != nil {
		return err
	}
	packer, ok := packers.Get().(*zstd.Encoder)
	if !ok {
		var err error
		packer, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return err
		}
	}
	defer packers.Put(packer)
	packer.Reset(buffer)
	for _, o := range outputs {
		if o.Mode&fs.ModeSymlink != 0 {
			continue
		}
		if err := c.pack(packer, o); err != nil {
			return err
		}
	}
	if err := packer.Close(); err != nil {
		return err
	}
	return buffer.Flush()
}

// pack appends the bytes of one output, and makes sure that they are those it was listed with.
func (c *Cache) pack(w io.Writer, o Output) error {
	f, err := os.Open(filepath.Join(c.root, filepath.FromSlash(o.Name)))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), f)
	if err != nil {
		return err
	}
	if n != o.Size || hash.Content(sum.Sum(nil)) != o.Content {
		return fmt.Errorf("%s: %w", o.Name, ErrChanged)
	}
	return nil
}
