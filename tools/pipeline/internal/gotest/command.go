package gotest

import (
	"fmt"
	"slices"
	"strings"
)

// A Command is the words of a `go test` command whose packages can be replaced by others.
type Command struct {
	words    []string
	packages []int // which of them are packages
}

// Parse finds the given package patterns in a command. The error says why the command cannot be run for single packages.
func Parse(words, patterns []string) (*Command, error) {
	if len(words) < 2 || words[0] != "go" || words[1] != "test" {
		return nil, fmt.Errorf("want one command that begins with \"go test\"")
	}
	c := &Command{words: words}
	for i, word := range words {
		if word == "-args" || word == "--args" {
			break
		}
		if slices.Contains(patterns, word) {
			c.packages = append(c.packages, i)
		}
		for _, own := range []string{"json", "exec", "c"} {
			if name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "="); strings.HasPrefix(word, "-") && name == own {
				return nil, fmt.Errorf("the command has -%s, which is needed here", own)
			}
		}
	}
	if len(c.packages) != len(patterns) {
		return nil, fmt.Errorf("the command has to name the packages as GoTest does: %s", strings.Join(patterns, " "))
	}
	return c, nil
}

// For returns the command for some packages, with its events as JSON, its test programs run by exec.
func (c *Command) For(exec string, packages ...string) []string {
	out := []string{"go", "test", "-json", "-exec=" + exec}
	for i, word := range c.words[2:] {
		switch i += 2; {
		case i == c.packages[0]:
			out = append(out, packages...)
		case !slices.Contains(c.packages, i):
			out = append(out, word)
		}
	}
	return out
}

// Flag returns the value of a flag, "true" for one without, and whether it is there.
func (c *Command) Flag(name string) (string, bool) {
	for i, word := range c.words {
		if word == "-args" {
			break
		}
		flag, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if !strings.HasPrefix(word, "-") || flag != name {
			continue
		}
		if !hasValue && name != "v" && i+1 < len(c.words) {
			return c.words[i+1], true
		}
		if !hasValue {
			value = "true"
		}
		return value, true
	}
	return "", false
}
