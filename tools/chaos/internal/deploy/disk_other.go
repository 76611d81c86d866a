//go:build !linux

package deploy

import (
	"errors"
	"os"
)

// disk is a folder: only Linux lets us make a disk that is small enough to fill.
type disk struct{ dir string }

func newDisk(dir string) (*disk, error) {
	return &disk{dir: dir}, os.MkdirAll(dir, 0o755)
}

func (*disk) fill() (heal func(), err error) {
	return nil, errors.New("only Linux lets us make a disk that is small enough to fill")
}

func (*disk) close() {}
