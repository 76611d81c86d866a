package export

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"magpie.build/apps/docs/internal/render"
)

// ErrNotASite says that a folder holds something else, which will not be replaced.
var ErrNotASite = errors.New("the folder is not empty and holds no documentation site")

// Write replaces the folder dir by the site. It refuses, with [ErrNotASite], to replace anything
// that is not a site itself.
func (s *Site) Write(dir string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write the site to %s: %w", dir, err)
		}
	}()
	if err := replaceable(dir); err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(parent, ".site-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(fresh)) }()
	next := filepath.Join(fresh, "new")
	if err := s.writeFiles(next); err != nil {
		return err
	}
	if err := s.assets.WriteTo(next); err != nil {
		return err
	}
	// The old folder is moved aside rather than removed, so that there is hardly a moment without a site.
	if err := os.Rename(dir, filepath.Join(fresh, "old")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(next, dir)
}

func replaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(FileName(render.SearchIndexAddress)))); err != nil {
		return ErrNotASite
	}
	return nil
}

func (s *Site) writeFiles(dir string) error {
	made := map[string]bool{}
	for address, content := range s.Files {
		name := filepath.Join(dir, filepath.FromSlash(FileName(address)))
		if parent := filepath.Dir(name); !made[parent] {
			if err := os.MkdirAll(parent, 0o755); err != nil {
				return err
			}
			made[parent] = true
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// FileName returns the file that an address is served from, with slashes and without the first.
func FileName(address string) string {
	if strings.HasSuffix(address, "/") {
		address += "index.html"
	}
	return strings.TrimPrefix(address, "/")
}
