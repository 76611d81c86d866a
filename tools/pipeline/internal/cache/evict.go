package cache

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"magpie.build/tools/pipeline/internal/hash"
)

// used is how old the time of an artifact may be before using it renews that: the time says when an artifact was last
// used, as far as eviction needs to know.
const used = 24 * time.Hour

// renew notes that an artifact is used, and returns what tells it from others afterwards.
func renew(artifact string, s seen, now time.Time) seen {
	if now.Sub(time.Unix(0, s.modified)) < used || os.Chtimes(artifact, now, now) != nil {
		return s // in a cache that cannot be written nothing is evicted either
	}
	if again, err := lookAt(artifact); err == nil {
		return again
	}
	return s
}

// Evict removes artifacts that were not used for longer than age, and then those not used for the longest time until the rest
// takes no more than size bytes. Zero is no limit. It looks once a day, for that takes as long as there are artifacts.
func (c *Cache) Evict(age time.Duration, size int64, now time.Time) error {
	stamp := filepath.Join(c.artifacts, "last-eviction")
	if info, err := os.Stat(stamp); err == nil && now.Sub(info.ModTime()) < used && !info.ModTime().After(now) {
		return nil
	}
	if err := os.WriteFile(stamp, nil, 0o600); err != nil {
		return err
	}
	if err := os.Chtimes(stamp, now, now); err != nil {
		return err
	}
	type file struct {
		name string
		size int64
		used time.Time
	}
	var files []file
	var total int64
	err := filepath.WalkDir(c.artifacts, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another run evicts too
		}
		if err == nil && entry.IsDir() && name == c.incoming() {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() || name == stamp {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // gone meanwhile
		}
		files = append(files, file{name, info.Size(), info.ModTime()})
		total += info.Size()
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.used.UnixNano(), b.used.UnixNano()) })
	for _, f := range files {
		isOld := age > 0 && now.Sub(f.used) > age
		if !isOld && (size <= 0 || total <= size) {
			break
		}
		if err := os.Remove(f.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		total -= f.size
	}
	return nil
}

// PutAside takes an artifact out of the cache and returns where it lies now.
func (c *Cache) PutAside(key hash.Key) (string, error) {
	folder := filepath.Join(c.dir, "aside")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return "", err
	}
	to := filepath.Join(folder, key.String())
	return to, os.Rename(c.artifact(key), to)
}
