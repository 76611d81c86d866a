package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// minFree is how little room on a disk is worth a word.
const minFree = 1 << 30

// Folder finds out whether the history can be kept in a folder that setting names, and whether what is there is
// whole, which verify tells.
func Folder(setting, dir string, verify func(dir string) error) Check {
	return Check{Name: setting, Run: func(context.Context) Finding {
		if err := tryWriting(dir); err != nil {
			return failed("choose a folder that this user may write to, by "+setting, "%v", err)
		}
		if err := verify(dir); err != nil {
			return failed("do what the error says; the server would not start", "%v", err)
		}
		return assess(setting, dir, fileSystemOf(existing(dir)))
	}}
}

// fileSystem is what a folder lies on.
type fileSystem struct {
	known bool
	name  string
	free  uint64
	// volatile is lost when the machine ends; remote is another machine's disk.
	volatile, remote bool
}

func assess(setting, dir string, on fileSystem) Finding {
	switch {
	case !on.known:
		return well("%s can be written to", dir)
	case on.volatile:
		return doubtful("choose a folder on a disk by "+setting, "%s is on %s: its history ends with the machine", dir, on.name)
	case on.remote:
		return doubtful("choose a folder on a disk of this machine by "+setting, "%s is on %s, where locks and the order of writes are not always kept", dir, on.name)
	case on.free < minFree:
		return doubtful("make room: once the disk is full nothing more can be said", "%s has room for %d MiB", dir, on.free>>20)
	default:
		return well("%s can be written to, is on %s and has room for %d GiB", dir, on.name, on.free>>30)
	}
}

// tryWriting writes and deletes a file in dir, or in the folder where dir would be made.
func tryWriting(dir string) error {
	file, err := os.CreateTemp(existing(dir), ".magpie-doctor-*")
	if err != nil {
		return fmt.Errorf("write to %s: %w", dir, err)
	}
	_, err = file.WriteString("x")
	return errors.Join(err, file.Sync(), file.Close(), os.Remove(file.Name()))
}

// existing is dir, or the closest folder above it that is there.
func existing(dir string) string {
	for {
		_, err := os.Stat(dir)
		above := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || above == dir {
			return dir
		}
		dir = above
	}
}
