package pipeline

import (
	"slices"
	"strings"
)

// A Global says what holds for all tasks, in front of what each says itself. Several add up.
type Global struct {
	// Env and PassEnv are variables as [Task] has them. A task takes one away with "!".
	Env, PassEnv []string
	// Inputs are globs of files at the root or below it that every task reads. A task takes some away with "!".
	Inputs []string
}

func (Global) declaration() {}

// and returns both declarations as one.
func (g Global) and(more Global) Global {
	g.Env = append(g.Env, more.Env...)
	g.PassEnv = append(g.PassEnv, more.PassEnv...)
	for _, pattern := range more.Inputs {
		rest, negated := strings.CutPrefix(pattern, "!")
		rooted := "//" + strings.TrimPrefix(rest, "//")
		if negated {
			rooted = "!" + rooted
		}
		g.Inputs = append(g.Inputs, rooted)
	}
	return g
}

// over returns a task with what holds for all.
func (g Global) over(t Task) Task {
	t.Env = slices.Concat(g.Env, t.Env)
	t.PassEnv = slices.Concat(g.PassEnv, t.PassEnv)
	return t
}
