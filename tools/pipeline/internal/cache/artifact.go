package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// The artifact file: a heading with the version; the length of the head, as eight bytes little-endian, and its SHA-256; the
// head, zstd over JSON; then the bytes of all files in the head's order, as one zstd stream. Each file is
// checked against the hash that the head holds for it.
const heading = "magpie artifact 1\n"

// maxHead bounds the head, packed and unpacked: the longest log and a million files fit.
const maxHead = 256 << 20

// A head is the part of an artifact that a hit needs when its outputs are in place.
type head struct {
	Recipe
	Outputs []Output
}

func encodeHead(h head) ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	packed := packer.EncodeAll(text, nil)
	sum := sha256.Sum256(packed)
	var out bytes.Buffer
	out.WriteString(heading)
	out.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(packed))))
	out.Write(sum[:])
	out.Write(packed)
	return out.Bytes(), nil
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
	var packed bytes.Buffer
	if n, err := io.CopyN(&packed, r, int64(length)); err != nil {
		return head{}, broken("head ends after %d of %d bytes", n, length)
	}
	if sum := sha256.Sum256(packed.Bytes()); !bytes.Equal(sum[:], start[len(heading)+8:]) {
		return head{}, broken("head has another checksum")
	}
	return decodeHead(packed.Bytes())
}

func decodeHead(packed []byte) (head, error) {
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxHead))
	if err != nil {
		return head{}, err
	}
	defer unpacker.Close()
	text, err := unpacker.DecodeAll(packed, nil)
	if err != nil {
		return head{}, broken("head: %v", err)
	}
	var h head
	if err := json.Unmarshal(text, &h); err != nil {
		return head{}, broken("head: %v", err)
	}
	for _, o := range h.Outputs {
		if err := o.check(); err != nil {
			return head{}, broken("output %q: %v", o.Name, err)
		}
	}
	return h, nil
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
