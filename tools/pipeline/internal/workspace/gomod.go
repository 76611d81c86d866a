package workspace

import (
	"fmt"

	"golang.org/x/mod/modfile"

	"magpie.build/tools/pipeline/internal/packed"
)

// goMod is what matters of a go.mod: comments and layout do not.
type goMod struct {
	path, goVersion, toolchain string
	requires                   []string // path and version in turn
	replaces                   []string // old path and version, new path and version in turn
	excludes                   []string // path and version in turn
	godebugs                   []string // name and value in turn
	ignores                    []string
}

// GoModLines returns what matters of a go.mod, for a key or a note: equal texts select the same versions. The text
// is empty where the file is broken.
func GoModLines(content []byte) string {
	mod, err := parseGoMod("go.mod", content)
	if err != nil {
		return ""
	}
	out := packed.AppendStrings(nil, []string{mod.path, mod.goVersion, mod.toolchain})
	for _, list := range [][]string{mod.requires, mod.replaces, mod.excludes, mod.godebugs, mod.ignores} {
		out = packed.AppendStrings(out, list)
	}
	return string(out)
}

// readGoModLines is the reverse of GoModLines.
func readGoModLines(text string) (goMod, bool) {
	r := packed.Reader{Data: text}
	single := r.Strings()
	mod := goMod{requires: r.Strings(), replaces: r.Strings(), excludes: r.Strings(), godebugs: r.Strings(), ignores: r.Strings()}
	if r.Broken || len(single) != 3 || len(mod.requires)%2 != 0 || len(mod.replaces)%4 != 0 {
		return goMod{}, false
	}
	mod.path, mod.goVersion, mod.toolchain = single[0], single[1], single[2]
	return mod, true
}

func parseGoMod(name string, content []byte) (goMod, error) {
	file, err := modfile.Parse(name, content, nil)
	if err != nil {
		return goMod{}, err
	}
	if file.Module == nil {
		return goMod{}, fmt.Errorf("%s:1: there is no module line", name)
	}
	mod := goMod{path: file.Module.Mod.Path}
	if file.Go != nil {
		mod.goVersion = file.Go.Version
	}
	if file.Toolchain != nil {
		mod.toolchain = file.Toolchain.Name
	}
	for _, r := range file.Require {
		mod.requires = append(mod.requires, r.Mod.Path, r.Mod.Version)
	}
	for _, r := range file.Replace {
		mod.replaces = append(mod.replaces, r.Old.Path, r.Old.Version, r.New.Path, r.New.Version)
	}
	for _, e := range file.Exclude {
		mod.excludes = append(mod.excludes, e.Mod.Path, e.Mod.Version)
	}
	for _, g := range file.Godebug {
		mod.godebugs = append(mod.godebugs, g.Key, g.Value)
	}
	for _, i := range file.Ignore {
		mod.ignores = append(mod.ignores, i.Path)
	}
	return mod, nil
}
