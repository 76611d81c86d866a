package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/magefile/mage/mage"

	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/workspace"
)

// look finds out what the magefile is compiled from, as things are now.
func (m *magefile) look() (*record, error) {
	ws, err := workspace.Load(m.root)
	if err != nil {
		return nil, err
	}
	settings, err := gokey.Read(m.env)
	if err != nil {
		return nil, err
	}
	own, err := mage.Magefiles(m.root, "", "", false)
	if err != nil {
		return nil, fmt.Errorf("find the magefile's files: %w", err)
	}
	if len(own) == 0 {
		return nil, fmt.Errorf("%s has no magefile: give magefile.go the line //go:build mage", m.root)
	}
	for i, name := range own {
		own[i] = filepath.Base(name)
	}
	r := &record{folders: map[string]string{".": m.listing(".")}}
	config := settings.Source()
	config.Vendored = settings.Vendors() && ws.IsVendored()
	config.ReadDir = m.watch(r.folders)
	source, err := gosource.New(ws, config).BuildFiles(own...)
	if err != nil {
		return nil, err
	}
	r.files = slices.Concat(source.Files, versions(ws), gokey.Sums(source.Modules))
	r.files = append(r.files, m.linked(r.files)...)
	slices.Sort(r.files)
	r.files = slices.Compact(r.files)
	r.key, err = m.key(r.files)
	return r, err
}

// watch reads folders and notes what was in them, since a new file may be part of the next build.
func (m *magefile) watch(folders map[string]string) func(string) ([]fs.DirEntry, error) {
	var mu sync.Mutex
	return func(dir string) ([]fs.DirEntry, error) {
		listing := m.listing(dir)
		mu.Lock()
		folders[dir] = listing
		mu.Unlock()
		return m.index.ReadDir(dir)
	}
}

// versions names the files that select the versions of all modules.
func versions(ws *workspace.Workspace) []string {
	files := []string{"go.work"}
	for _, module := range slices.Concat(ws.Modules, ws.Replaced) {
		files = append(files, path.Join(module.Name, "go.mod"))
	}
	return files
}

// linked returns what those of the files that are links lead to.
func (m *magefile) linked(files []string) []string {
	var targets []string
	for _, name := range files {
		full := filepath.Join(m.root, filepath.FromSlash(name))
		if info, err := os.Lstat(full); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		if target, err := filepath.EvalSymlinks(full); err == nil {
			targets = append(targets, filepath.ToSlash(target))
		}
	}
	return targets
}

// key identifies all that decides about the compiled magefile: the content of files, toolchain and settings, and the version of mage.
func (m *magefile) key(files []string) (string, error) {
	settings, err := gokey.Read(m.env)
	if err != nil {
		return "", err
	}
	h := hash.New("magpie magefile")
	h.Add("mage", mageVersion())
	if err := settings.Add(h, m.index); err != nil {
		return "", err
	}
	found, err := m.index.Files(files)
	if err != nil {
		return "", err
	}
	for i, name := range files {
		if file := found[i]; file != nil {
			h.Add("file", name, string(file.Content[:]))
		} else {
			h.Add("no file", name)
		}
	}
	return h.Key().String(), nil
}

func mageVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/magefile/mage" {
			return dep.Version + dep.Sum
		}
	}
	return ""
}
