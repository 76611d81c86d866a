// Package assets serves style sheets, scripts and other files that a program embeds.
//
// Files are embedded under their plain names. When the program starts, each gets a name that holds a hash of its content, so browsers may
// keep it for ever, and is compressed once. Build the [Assets], ask it for URLs, and mount it at [Prefix].
package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Prefix is the path that all URLs begin with.
const Prefix = "/assets/"

// Assets are files with fingerprints. They do not change, and may be used by many goroutines.
type Assets struct {
	hashed map[string]string // "app.css" -> "app.1b2c3d4e5f.css"
	files  map[string]*file  // by the hashed name
}

// New reads all files of the given file systems. It is an error if two hold a file of the same name.
func New(fsys ...fs.FS) (*Assets, error) {
	a := &Assets{hashed: map[string]string{}, files: map[string]*file{}}
	for _, f := range fsys {
		if err := a.addAll(f); err != nil {
			return nil, fmt.Errorf("load assets: %w", err)
		}
	}
	return a, nil
}

func (a *Assets) addAll(fsys fs.FS) error {
	return fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		return a.add(name, content)
	})
}

func (a *Assets) add(name string, content []byte) error {
	if _, taken := a.hashed[name]; taken {
		return fmt.Errorf("two files are named %q: rename one", name)
	}
	f, err := newFile(name, content)
	if err != nil {
		return err
	}
	a.hashed[name] = fingerprinted(name, content)
	a.files[a.hashed[name]] = f
	return nil
}

// fingerprinted puts a hash of the content before the extension.
func fingerprinted(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:5]) + ext
}

// URL returns the path to link a file by. An unknown name is an [fs.ErrNotExist] that lists the known ones.
func (a *Assets) URL(name string) (string, error) {
	hashed, ok := a.hashed[name]
	if !ok {
		return "", fmt.Errorf("asset %q: %w; there are: %s", name, fs.ErrNotExist, strings.Join(a.Names(), ", "))
	}
	return Prefix + hashed, nil
}

// Names returns the plain names of all files in alphabetical order.
func (a *Assets) Names() []string {
	return slices.Sorted(maps.Keys(a.hashed))
}

// WriteTo writes all files, with their hashed names and uncompressed, below dir, which is made if it is not there.
// The folder is the root of a static site: the files land in dir/assets.
func (a *Assets) WriteTo(dir string) error {
	for hashed, f := range a.files {
		target := filepath.Join(dir, filepath.FromSlash(Prefix), filepath.FromSlash(hashed))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil { // as readable as the files in it, which are public
			return fmt.Errorf("export assets: %w", err)
		}
		if err := os.WriteFile(target, f.identity.body, 0o644); err != nil {
			return fmt.Errorf("export assets: %w", err)
		}
	}
	return nil
}
