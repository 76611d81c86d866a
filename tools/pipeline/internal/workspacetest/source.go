package workspacetest

import (
	"fmt"
	"slices"
	"strings"
)

// A source is what a Go file says.
type source struct {
	constraint string
	pkg        string
	imports    []string
	embeds     []string
	cgo        bool
	main       bool // holds the main function
	value      int
	comment    string
}

// text writes the file down. Whatever it says ends up in the program: the value and what is embedded are printed, and
// what is imported is initialized.
func (s *source) text(name string) string {
	var b strings.Builder
	if s.constraint != "" {
		fmt.Fprintf(&b, "//go:build %s\n\n", s.constraint)
	}
	fmt.Fprintf(&b, "package %s\n", s.pkg)
	if s.cgo {
		b.WriteString("\n// #include \"x.h\"\nimport \"C\"\n")
	}
	imports := slices.Clone(s.imports)
	if len(s.embeds) > 0 {
		b.WriteString("\nimport \"embed\"\n")
	}
	for _, path := range imports {
		fmt.Fprintf(&b, "\nimport _ %q\n", path)
	}
	if s.comment != "" {
		fmt.Fprintf(&b, "\n// %s\n", s.comment)
	}
	unique := strings.Map(func(r rune) rune {
		if r == '.' || r == '/' || r == '-' {
			return '_'
		}
		return r
	}, name)
	fmt.Fprintf(&b, "\nfunc init() { println(%q, \"%06d\") }\n", name, s.value)
	if len(s.embeds) > 0 {
		fmt.Fprintf(&b, "\n//go:embed %s\nvar files_%s embed.FS\n", strings.Join(s.embeds, " "), unique)
		fmt.Fprintf(&b, "\nfunc init() {\n\tif list, err := files_%s.ReadDir(\".\"); err == nil {\n\t\tprintln(len(list))\n\t}\n}\n", unique)
	}
	if s.main {
		b.WriteString("\nfunc main() {}\n")
	}
	return b.String()
}

func (s *source) file(name string) *File { return &File{Text: s.text(name), source: s} }

func (s *source) clone() *source {
	c := *s
	c.imports, c.embeds = slices.Clone(s.imports), slices.Clone(s.embeds)
	return &c
}
