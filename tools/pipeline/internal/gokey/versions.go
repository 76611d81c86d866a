package gokey

import (
	"fmt"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/mod/modfile"

	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/workspace"
)

// Versions returns the part of a key that decides the versions of modules: go.work, and of every member's
// go.mod the lines that matter, for versions are selected over the whole workspace. Comments do not count.
func Versions(ws *workspace.Workspace) (hash.Key, error) {
	h := hash.New("go versions")
	if err := addWork(h, filepath.Join(ws.Root, "go.work")); err != nil {
		return hash.Key{}, fmt.Errorf("read go.work: %w", err)
	}
	for _, m := range ws.Modules {
		name := filepath.Join(m.Dir, "go.mod")
		data, err := os.ReadFile(name)
		if err != nil {
			return hash.Key{}, fmt.Errorf("read go.mod of %s: %w", m.Name, err)
		}
		file, err := modfile.Parse(name, data, nil)
		if err != nil {
			return hash.Key{}, fmt.Errorf("read go.mod of %s: %w", m.Name, err)
		}
		h.Add("member", m.Name, m.Path)
		addLines(h, file)
	}
	return h.Key(), nil
}

func addWork(h *hash.Hasher, name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	file, err := modfile.ParseWork(name, data, nil)
	if err != nil {
		return err
	}
	if file.Go != nil {
		h.Add("go", file.Go.Version)
	}
	if file.Toolchain != nil {
		h.Add("toolchain", file.Toolchain.Name)
	}
	for _, g := range file.Godebug {
		h.Add("godebug", g.Key, g.Value)
	}
	for _, u := range file.Use {
		h.Add("use", u.Path)
	}
	addReplaces(h, file.Replace)
	return nil
}

func addLines(h *hash.Hasher, file *modfile.File) {
	if file.Go != nil {
		h.Add("go", file.Go.Version)
	}
	if file.Toolchain != nil {
		h.Add("toolchain", file.Toolchain.Name)
	}
	for _, g := range file.Godebug {
		h.Add("godebug", g.Key, g.Value)
	}
	for _, r := range file.Require {
		h.Add("require", r.Mod.Path, r.Mod.Version)
	}
	addReplaces(h, file.Replace)
	for _, e := range file.Exclude {
		h.Add("exclude", e.Mod.Path, e.Mod.Version)
	}
}

// Sums names the files that hold the checksums of other modules' code, for a task that reaches these
// modules: relative to the root. They need not exist.
func Sums(modules []string) []string {
	files := []string{"go.work.sum", "vendor/modules.txt"}
	for _, name := range modules {
		files = append(files, path.Join(name, "go.sum"), path.Join(name, "vendor/modules.txt"))
	}
	return files
}

func addReplaces(h *hash.Hasher, replaces []*modfile.Replace) {
	for _, r := range replaces {
		h.Add("replace", r.Old.Path, r.Old.Version, r.New.Path, r.New.Version)
	}
}
