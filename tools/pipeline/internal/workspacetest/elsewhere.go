package workspacetest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/dirhash"
)

// A release is a version of a module that no workspace holds. [Proxy] serves it.
type release struct{ path, version string }

// back leads back to the workspace: it imports the module that is a member, and released as well.
var releases = []release{
	{"elsewhere.example/dep", "v1.0.0"},
	{"elsewhere.example/dep", "v1.1.0"},
	{"elsewhere.example/other", "v1.0.0"},
	{"elsewhere.example/back", "v1.0.0"},
	{"acme.example/lib", "v0.1.0"},
	{"elsewhere.example/deep", "v1.0.0"}, // what dep imports
}

// imports returns the other release whose package this one's imports, if any.
func (r release) imports() (other release, ok bool) {
	switch path.Base(r.path) {
	case "back":
		return releases[4], true
	case "dep":
		return releases[5], true
	}
	return release{}, false
}

func (r release) goMod() string {
	text := "module " + r.path + "\n\ngo 1.25.0\n"
	if other, ok := r.imports(); ok {
		text += fmt.Sprintf("\nrequire %s %s\n", other.path, other.version)
	}
	return text
}

// files are named as in the module's zip file.
func (r release) files() map[string]string {
	prefix := r.path + "@" + r.version + "/"
	imports := ""
	if other, ok := r.imports(); ok {
		imports = fmt.Sprintf("import _ %q\n\n", other.path)
	}
	return map[string]string{
		prefix + "go.mod": r.goMod(),
		prefix + "a.go":   fmt.Sprintf("package %s\n\n%sfunc init() { println(%q) }\n", path.Base(r.path), imports, r.version),
	}
}

// sums are the lines of go.sum for the release.
func (r release) sums() (string, error) {
	sum := func(files map[string]string) (string, error) {
		return dirhash.Hash1(slices.Sorted(maps.Keys(files)), func(name string) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(files[name])), nil
		})
	}
	source, err := sum(r.files())
	if err != nil {
		return "", err
	}
	mod, err := sum(map[string]string{"go.mod": r.goMod()})
	return fmt.Sprintf("%[1]s %[2]s %[3]s\n%[1]s %[2]s/go.mod %[4]s\n", r.path, r.version, source, mod), err
}

func (r release) zip() ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	files := r.files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(f, files[name]); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// Modules are what [Proxy] serves, as path@version.
func Modules() []string {
	var all []string
	for _, r := range releases {
		all = append(all, r.path+"@"+r.version)
	}
	return all
}

// Proxy writes a module proxy to a folder, for GOPROXY=file://…, that has what workspaces require from elsewhere.
func Proxy(dir string) error {
	for _, r := range releases {
		at := filepath.Join(dir, filepath.FromSlash(r.path), "@v")
		if err := os.MkdirAll(at, 0o750); err != nil {
			return err
		}
		zipped, err := r.zip()
		if err != nil {
			return err
		}
		for ending, data := range map[string][]byte{
			".zip": zipped, ".mod": []byte(r.goMod()), ".info": fmt.Appendf(nil, `{"Version":%q}`, r.version),
		} {
			if err := os.WriteFile(filepath.Join(at, r.version+ending), data, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}
