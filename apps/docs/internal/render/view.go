package render

import (
	"path"

	"magpie.build/apps/docs/internal/load"
)

// titleKind and titleName are the words of a package page's heading.
func titleKind(v packageView) string {
	if v.IsCommand() {
		return "command"
	}
	return "package"
}

func titleName(v packageView) string {
	if v.IsCommand() {
		return path.Base(v.Dir)
	}
	return v.Name
}

// targetName names a type of a relation as code of this package would.
func (v packageView) targetName(t load.Target) string {
	name := t.Symbol
	if t.Package != v.Path && t.Package != "builtin" {
		name = t.Name + "." + name
	}
	if t.Pointer {
		return "*" + name
	}
	return name
}
