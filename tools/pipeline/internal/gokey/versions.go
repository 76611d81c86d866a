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
	work, err := os.ReadFile(filepath.Join(ws.Root, "go.work"))
	if err != nil {
		return hash.Key{}, fmt.Errorf("read go.work: %w", err)
	}
	h.Add("go.work", string(work))
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
	for _, r := range file.Replace {
		h.Add("replace", r.Old.Path, r.Old.Version, r.New.Path, r.New.Version)
	}
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
