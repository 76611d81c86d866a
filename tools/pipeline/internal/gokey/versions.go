package gokey

import (
	"fmt"
	"path"
	"slices"

	"golang.org/x/mod/modfile"

	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/packed"
	"magpie.build/tools/pipeline/internal/workspace"
)

// Versions returns the part of a key that decides the versions of modules: go.work, and of every member's
// go.mod the lines that matter, for versions are selected over the whole workspace. Comments do not count.
func Versions(ws *workspace.Workspace, files *hash.Index) (hash.Key, error) {
	h := hash.New("go versions")
	err := AddVersions(h, ws, files)
	return h.Key(), err
}

// AddVersions adds to a key what Versions sums up.
func AddVersions(h *hash.Hasher, ws *workspace.Workspace, files *hash.Index) error {
	file, lines, err := files.Note("go.work", workLines)
	if err != nil {
		return fmt.Errorf("read go.work: %w", err)
	}
	if lines == "" {
		lines = string(file.Content[:])
	}
	h.Add("go.work", lines)
	// What a replaced module requires counts as well, though it is no member.
	for _, m := range slices.Concat(ws.Modules, ws.Replaced) {
		file, lines, err := files.Note(path.Join(m.Name, "go.mod"), workspace.GoModLines)
		if err != nil {
			return fmt.Errorf("read go.mod of %s: %w", m.Name, err)
		}
		if lines == "" {
			lines = string(file.Content[:])
		}
		h.Add("member", m.Name, lines)
	}
	if vendored, err := files.File(Vendor); err == nil {
		h.Add("vendor", string(vendored.Content[:]))
	}
	return nil
}

// Vendor is the file that says which modules the folder vendor at the root holds.
const Vendor = "vendor/modules.txt"

// workLines returns what matters of a go.work, nothing where the file is broken.
func workLines(content []byte) string {
	file, err := modfile.ParseWork("go.work", content, nil)
	if err != nil {
		return ""
	}
	var version, toolchain string
	if file.Go != nil {
		version = file.Go.Version
	}
	if file.Toolchain != nil {
		toolchain = file.Toolchain.Name
	}
	var uses, godebugs, replaces []string
	for _, u := range file.Use {
		uses = append(uses, u.Path)
	}
	for _, g := range file.Godebug {
		godebugs = append(godebugs, g.Key, g.Value)
	}
	for _, r := range file.Replace {
		replaces = append(replaces, r.Old.Path, r.Old.Version, r.New.Path, r.New.Version)
	}
	out := packed.AppendStrings(nil, []string{version, toolchain})
	for _, list := range [][]string{uses, godebugs, replaces} {
		out = packed.AppendStrings(out, list)
	}
	return string(out)
}

// Sums names the files that hold the checksums of other modules' code, for a task that reaches these
// modules: relative to the root. They need not exist.
func Sums(modules []string) []string {
	files := []string{"go.work.sum", Vendor}
	for _, name := range modules {
		files = append(files, path.Join(name, "go.sum"), path.Join(name, "vendor/modules.txt"))
	}
	return files
}
