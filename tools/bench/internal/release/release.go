// Package release gives a module of this workspace to another workspace as the go command gets modules from elsewhere: by
// a version, through a module proxy, out of the module cache.
package release

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// version is what the module is released as.
const version = "v0.0.0-bench"

// A Module is a module that can be required.
type Module struct {
	// Env is what the go command needs in its environment to find it.
	Env []string

	file *modfile.File
	sums []byte // go.sum of what requires it
}

// New releases the module in a folder through a proxy and a module cache of its own, both below temp. What the module
// requires comes from the module cache of whoever calls, or from where that is filled from.
func New(ctx context.Context, folder, temp string) (*Module, error) {
	text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil {
		return nil, err
	}
	m := new(Module)
	if m.file, err = modfile.Parse("go.mod", text, nil); err != nil {
		return nil, err
	}
	if m.sums, err = os.ReadFile(filepath.Join(folder, "go.sum")); err != nil {
		return nil, err
	}
	proxy, err := filepath.Abs(filepath.Join(temp, "proxy"))
	if err != nil {
		return nil, err
	}
	if err := m.publish(folder, text, proxy); err != nil {
		return nil, fmt.Errorf("release %s: %w", folder, err)
	}
	out, err := exec.CommandContext(ctx, "go", "env", "-json", "GOMODCACHE", "GOPROXY", "GOFLAGS").Output()
	if err != nil {
		return nil, fmt.Errorf("ask the go command for its settings: %w", err)
	}
	var settings struct{ GOMODCACHE, GOPROXY, GOFLAGS string }
	if err := json.Unmarshal(out, &settings); err != nil {
		return nil, err
	}
	from := []string{fileURL(proxy), fileURL(filepath.Join(settings.GOMODCACHE, "cache", "download")), settings.GOPROXY}
	m.Env = []string{
		"GOPROXY=" + strings.Join(from, ","),
		"GOMODCACHE=" + filepath.Join(filepath.Dir(proxy), "modcache"),
		"GONOSUMDB=" + m.path(),
		"GOFLAGS=" + strings.TrimSpace(settings.GOFLAGS+" -modcacherw"), // so that temp can be removed
	}
	return m, nil
}

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // it begins with a drive
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func (m *Module) path() string { return m.file.Module.Mod.Path }

// publish writes what a proxy has of one version, and its lines of go.sum.
func (m *Module) publish(folder string, goMod []byte, proxy string) error {
	at := filepath.Join(proxy, filepath.FromSlash(m.path()), "@v")
	if err := os.MkdirAll(at, 0o750); err != nil {
		return err
	}
	var packed bytes.Buffer
	if err := zip.CreateFromDir(&packed, module.Version{Path: m.path(), Version: version}, folder); err != nil {
		return err
	}
	info, err := json.Marshal(map[string]string{"Version": version})
	if err != nil {
		return err
	}
	for ending, data := range map[string][]byte{".info": info, ".mod": goMod, ".zip": packed.Bytes()} {
		if err := os.WriteFile(filepath.Join(at, version+ending), data, 0o600); err != nil {
			return err
		}
	}
	sum, err := dirhash.HashZip(filepath.Join(at, version+".zip"), dirhash.Hash1)
	if err != nil {
		return err
	}
	modSum, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(goMod)), nil
	})
	m.sums = fmt.Appendf(m.sums, "%[1]s %[2]s %[3]s\n%[1]s %[2]s/go.mod %[4]s\n", m.path(), version, sum, modSum)
	return err
}

// Require returns the go.mod and go.sum of a module that requires this one, and has the same tools.
func (m *Module) Require(path string) (goMod, goSum []byte, err error) {
	text, err := m.file.Format()
	if err != nil {
		return nil, nil, err
	}
	file, err := modfile.Parse("go.mod", text, nil) // a copy
	if err != nil {
		return nil, nil, err
	}
	if err := file.AddModuleStmt(path); err != nil {
		return nil, nil, err
	}
	if err := file.AddRequire(m.path(), version); err != nil {
		return nil, nil, err
	}
	goMod, err = file.Format()
	return goMod, m.sums, err
}
