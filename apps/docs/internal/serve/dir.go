package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"magpie.build/apps/docs/internal/export"
	"magpie.build/apps/docs/internal/render"
)

// Dir is a site that was built as files. Close it when it is not served any more.
type Dir struct{ root *os.Root }

var _ Source = (*Dir)(nil)

// OpenDir opens the folder of a built site. A folder that holds none is an error.
func OpenDir(dir string) (*Dir, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("serve %s: %w", dir, err)
	}
	d := &Dir{root}
	if _, err := d.Read(context.Background(), render.SearchIndexAddress); err != nil { //nolint:forbidigo // a file is read at once
		return nil, errors.Join(fmt.Errorf("serve %s: it holds no built site; run docs build", dir), root.Close())
	}
	return d, nil
}

// Read implements [Source].
func (d *Dir) Read(_ context.Context, address string) ([]byte, error) {
	name := export.FileName(address)
	if name == "" || name != strings.TrimPrefix(path.Clean("/"+name), "/") {
		return nil, fmt.Errorf("read %s: %w", address, fs.ErrNotExist)
	}
	if info, err := d.root.Stat(filepath.FromSlash(name)); err != nil || info.IsDir() {
		return nil, fmt.Errorf("read %s: %w", address, fs.ErrNotExist)
	}
	return d.root.ReadFile(filepath.FromSlash(name))
}

// Close lets go of the folder.
func (d *Dir) Close() error { return d.root.Close() }
