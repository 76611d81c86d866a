package config

import (
	"fmt"
	"regexp"
	"strings"
)

// Error is what [Load] returns when the input is wrong: all of it, at once.
type Error struct {
	// Program is the name in the options.
	Program string
	// Problems holds at least one problem.
	Problems []Problem
}

// Error returns one line for each problem below a heading.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "configuration of %s: %d problem", e.Program, len(e.Problems))
	if len(e.Problems) > 1 {
		b.WriteString("s")
	}
	for _, p := range e.Problems {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// A Problem is one thing that is wrong with the input. It never holds a secret.
type Problem struct {
	// Name is the setting's name as its source spells it. Empty for a problem of several settings.
	Name string
	// Source is where the value came from.
	Source Source
	// Found is the value, quoted. Empty where there is none, and for secrets.
	Found string
	// Expected is what would be right, or what is wrong where no value would be right.
	Expected string
	// Suggestion is the known name that comes closest to an unknown one. It may be empty.
	Suggestion string
}

// String returns the problem in one line.
func (p Problem) String() string {
	var b strings.Builder
	if p.Name != "" {
		b.WriteString(p.Name)
		switch {
		case p.Source.Place == p.Name && p.Source.Layer != Default:
			fmt.Fprintf(&b, " (%s)", p.Source.Layer)
		case p.Source.Layer != Default:
			fmt.Fprintf(&b, " (%s)", p.Source)
		}
		b.WriteString(": ")
	}
	if p.Found != "" {
		fmt.Fprintf(&b, "found %s, ", p.Found)
	}
	b.WriteString(p.Expected)
	if p.Suggestion != "" {
		fmt.Fprintf(&b, "; did you mean %s?", p.Suggestion)
	}
	return b.String()
}

const mask = "[redacted]"

var userinfo = regexp.MustCompile(`://[^/\s]*@`)

// maskPasswords hides who logs in with what in every URL of a text.
func maskPasswords(text string) string {
	return userinfo.ReplaceAllString(text, "://"+mask+"@")
}
