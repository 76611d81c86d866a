package ignore

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// A rule is one line of a .gitignore, see gitignore(5).
type rule struct {
	pattern string // relative to the file's folder
	dirOnly bool
	keep    bool // "!"

	// Most lines name one file, or a kind of files, or something in one folder: three comparisons that spare the pattern.
	base   string // what the last element has to be, where that is all
	suffix string // what it has to end in, where that is all
	prefix string // what the name has to begin with, where the pattern has more
}

// wild are the characters that make a pattern more than a text.
const wild = `*?[]{}\`

// braces makes braces stand for themselves, as they do for git.
var braces = strings.NewReplacer("{", `\{`, "}", `\}`)

func newRule(line string) rule {
	var r rule
	line, r.keep = strings.CutPrefix(line, "!")
	line, r.dirOnly = strings.CutSuffix(line, "/")
	isAnchored := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	r.pattern = braces.Replace(line)
	switch rest, isSuffix := strings.CutPrefix(line, "*"); {
	case isAnchored:
		r.prefix = line
		if at := strings.IndexAny(line, wild); at >= 0 {
			r.prefix = line[:at]
		}
	case !strings.ContainsAny(line, wild):
		r.base = line
	case isSuffix && !strings.ContainsAny(rest, wild):
		r.suffix = rest
	}
	if !isAnchored {
		r.pattern = "**/" + r.pattern
	}
	if strings.HasSuffix(r.pattern, "/**") {
		r.pattern += "/*" // what lies in the folder, not the folder
	}
	return r
}

// fits reports whether the rule is about a name, relative to the rule's folder.
func (r *rule) fits(name string) bool {
	switch {
	case r.base != "":
		return name[strings.LastIndexByte(name, '/')+1:] == r.base
	case r.suffix != "":
		return strings.HasSuffix(name, r.suffix)
	case !strings.HasPrefix(name, r.prefix):
		return false
	}
	return doublestar.MatchUnvalidated(r.pattern, name)
}
