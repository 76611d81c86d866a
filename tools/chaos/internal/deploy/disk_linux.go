package deploy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// diskBytes is how much a disk of our own holds: a few runs' history.
const diskBytes = 256 << 20

// disk is a small file system of its own in memory, so that it can be filled, where this process may mount one. Elsewhere it is a
// folder.
type disk struct {
	dir     string
	mounted bool
}

func newDisk(dir string) (*disk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	d := &disk{dir: dir}
	d.mounted = syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", diskBytes)) == nil
	return d, nil
}

// fill takes all the space that is left, and returns what gives it back.
func (d *disk) fill() (heal func(), err error) {
	if !d.mounted {
		return nil, errors.New("only root may mount a disk that is small enough to fill")
	}
	name := filepath.Join(d.dir, "ballast")
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	block := make([]byte, 1<<20)
	for err == nil {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return nil, errors.Join(err, file.Close(), os.Remove(name))
	}
	for range 4096 { // and the last few bytes
		if _, err := io.WriteString(file, "x"); err != nil {
			break
		}
	}
	return func() { _ = os.Remove(name) }, file.Close()
}

func (d *disk) close() {
	if d.mounted {
		_ = syscall.Unmount(d.dir, syscall.MNT_DETACH)
	}
}
