package memory

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"magpie.build/packages/pubsub/memory/internal/pagefile"
)

// The files of a directory. The second is one that is being written anew and takes the first's place when
// it is whole; what an accident leaves of it is nothing that anybody was promised.
const (
	fileName     = "history.db"
	unfinishName = "history.db.new"
)

// lockPatience is how long opening waits for another process to let go of the directory: enough
// for one that is just ending.
const lockPatience = 500 * time.Millisecond

// A file is written anew when it is opened if that makes it half as long, and saves this much.
const minReclaim = 8 << 20

// compactBytes is how much of a file one transaction copies.
const compactBytes = 8 << 20

// openFile opens the directory's file: whole, not much longer than what it holds, and locked. wentBack says
// that it may be in the state before its newest.
func openFile(dir string, sync Sync, log *slog.Logger) (db *bolt.DB, wentBack bool, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, false, err
	}
	path := filepath.Join(dir, fileName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		err = replace(path, func(db *bolt.DB) error { return db.Update(create) })
		if err != nil {
			return nil, false, err
		}
	}
	summary, err := inspect(path)
	if err != nil {
		return nil, false, err
	}
	if worthwhile(summary) {
		if err := compact(path); err != nil { // it is only longer than it needs to be
			log.Warn("history could not be written anew without its unused pages", "file", path, "unused_bytes", summary.Free*summary.PageSize, "error", err)
		}
	}
	db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: lockPatience, FreelistType: bolt.FreelistMapType, NoSync: sync == SyncNever})
	return db, summary.OneMeta, locked(err)
}

// inspect verifies a file that no process writes to.
func inspect(path string) (pagefile.Summary, error) {
	// bbolt takes its lock before it reads, and reads next to nothing of a file that it opens read only.
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockPatience, ReadOnly: true})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return pagefile.Summary{}, locked(err)
	}
	if err == nil {
		defer db.Close() //nolint:errcheck // it was read only
	}
	summary, damage := verify(path)
	if damage == nil && err != nil {
		damage = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if errors.Is(damage, ErrDamaged) {
		damage = fmt.Errorf("%w: %s is left as it is: put a copy in its place, or move it to another folder to begin with an empty history", damage, path)
	}
	return summary, damage
}

// errInUse is what a directory's second process is told.
var errInUse = errors.New("another process has it open: end that one, or choose another directory")

func locked(err error) error {
	if errors.Is(err, bolterrors.ErrTimeout) {
		return errInUse
	}
	return err
}

func worthwhile(s pagefile.Summary) bool {
	return s.Free*s.PageSize >= minReclaim && s.Free >= s.Pages/2
}

// compact writes a file anew, without what it does not use.
func compact(path string) error {
	source, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockPatience, ReadOnly: true})
	if err != nil {
		return locked(err)
	}
	err = replace(path, func(db *bolt.DB) error {
		return errors.Join(bolt.Compact(db, source, compactBytes), source.Close())
	})
	return errors.Join(err, source.Close())
}

// replace writes a new file beside path and puts it in its place, at once and for good.
func replace(path string, fill func(*bolt.DB) error) error {
	beside := filepath.Join(filepath.Dir(path), unfinishName)
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bolt.Open(beside, 0o600, &bolt.Options{Timeout: lockPatience})
	if err != nil {
		return err
	}
	if err := errors.Join(fill(db), db.Sync(), db.Close()); err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	if err := os.Rename(beside, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir has the disk keep a directory's names. Some systems cannot, and keep them by themselves.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}
