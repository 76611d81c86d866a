package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/packed"
)

// The artifact file: a heading with the version; the length of the head, as eight bytes little-endian, and its SHA-256; the
// head, zstd over what packHead writes; then the bytes of all files in the head's order, as one zstd stream. Each file is
// checked against the hash that the head holds for it.
const heading = "magpie artifact 3\n"

// maxHead bounds the head, packed and unpacked: the longest log and a million files fit.
const maxHead = 256 << 20

// A head is the part of an artifact that a hit needs when its outputs are in place.
type head struct {
	Recipe

	Key     hash.Key // so that one artifact in the place of another is seen
	Outputs []Output
}

// headPacker and headUnpacker are shared: what they do needs no more than the memory of one.
var (
	headPacker = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstd.MinWindowSize<<6), zstd.WithLowerEncoderMem(true))
	})
	headUnpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxHead))
	})
)

func encodeHead(h head) ([]byte, error) {
	packer, err := headPacker()
	if err != nil {
		return nil, err
	}
	text := packer.EncodeAll(packHead(h), nil)
	sum := sha256.Sum256(text)
	out := binary.LittleEndian.AppendUint64([]byte(heading), uint64(len(text)))
	return append(append(out, sum[:]...), text...), nil
}

func packHead(h head) []byte {
	out := packed.AppendString(slices.Clone(h.Key[:]), h.Task)
	out = binary.AppendVarint(out, int64(h.Duration))
	out = packed.AppendString(out, string(h.Log))
	for _, o := range h.Outputs {
		out = packed.AppendString(out, o.Name)
		out = binary.AppendUvarint(out, uint64(o.Mode))
		out = binary.AppendVarint(out, o.Size)
		out = append(out, o.Content[:]...)
		out = packed.AppendString(out, o.Link)
	}
	return out
}

// takeHead is the reverse of packHead. The error wraps [ErrBroken].
func takeHead(text string) (head, error) {
	r := packed.Reader{Data: text}
	var h head
	copy(h.Key[:], r.Take(uint64(len(h.Key))))
	h.Recipe = Recipe{Task: r.String(), Duration: time.Duration(r.Int()), Log: []byte(r.String())}
	for r.More() {
		o := Output{Name: r.String(), Mode: fs.FileMode(r.Uint()), Size: r.Int()}
		copy(o.Content[:], r.Take(uint64(len(o.Content))))
		o.Link = r.String()
		if err := o.check(); err != nil {
			return head{}, broken("output %q: %v", o.Name, err)
		}
		h.Outputs = append(h.Outputs, o)
	}
	if r.Broken {
		return head{}, broken("head ends in the middle")
	}
	return h, nil
}

// readHead reads an artifact as far as its files begin. The error wraps [ErrBroken].
func readHead(r io.Reader) (head, error) {
	var start [len(heading) + 8 + sha256.Size]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return head{}, broken("%v", err)
	}
	if string(start[:len(heading)]) != heading {
		return head{}, broken("no artifact of this version")
	}
	length := binary.LittleEndian.Uint64(start[len(heading):])
	if length > maxHead {
		return head{}, broken("head of %d bytes", length)
	}
	var text bytes.Buffer
	if n, err := io.CopyN(&text, r, int64(length)); err != nil {
		return head{}, broken("head ends after %d of %d bytes", n, length)
	}
	if sum := sha256.Sum256(text.Bytes()); !bytes.Equal(sum[:], start[len(heading)+8:]) {
		return head{}, broken("head has another checksum")
	}
	return decodeHead(text.Bytes())
}

func decodeHead(text []byte) (head, error) {
	unpacker, err := headUnpacker()
	if err != nil {
		return head{}, err
	}
	unpacked, err := unpacker.DecodeAll(text, nil)
	if err != nil {
		return head{}, broken("head: %v", err)
	}
	return takeHead(string(unpacked))
}

// check refuses what no task of ours can have stored.
func (o Output) check() error {
	switch {
	case !filepath.IsLocal(filepath.FromSlash(o.Name)) || path.Clean(o.Name) != o.Name || o.Name == ".":
		return errors.New("outside the workspace")
	case o.Size < 0:
		return errors.New("negative size")
	case o.Mode&fs.ModeSymlink == 0 && !o.Mode.IsRegular():
		return errors.New("neither a file nor a link")
	}
	return nil
}

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBroken, fmt.Sprintf(format, args...))
}
