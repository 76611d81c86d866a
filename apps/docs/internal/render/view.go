package render

import (
	"path"
	"strings"

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

func hasDir(dir string) func(*load.Module) bool {
	return func(m *load.Module) bool { return m.Dir == dir }
}

// commandLines writes commands as one would type them.
func commandLines(commands [][]string) string {
	lines := make([]string, 0, len(commands))
	for _, argv := range commands {
		words := make([]string, 0, len(argv))
		for _, word := range argv {
			if strings.ContainsAny(word, " *$\"'") {
				word = "'" + word + "'"
			}
			words = append(words, word)
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return strings.Join(lines, "\n")
}
