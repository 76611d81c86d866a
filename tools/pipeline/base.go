package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"magpie.build/tools/pipeline/internal/git"
)

// A base is the two states of the tree that -affected compares.
type base struct {
	from, to string // commits; an empty to is the working tree
	missing  string // why there is nothing to compare with
}

// base finds what to compare: the point at which Head left Base. A revision that somebody named has to be there, except in a shallow
// clone; one that is only a guess need not.
func (c *choice) base(ctx context.Context) (base, error) {
	root, env := c.pipeline.workspace.Root, variable(c.options.Env)
	head := c.options.Head
	if head == "" {
		head = env("MAGPIE_SCM_HEAD")
	}
	var b base
	if head != "" {
		id, err := git.Commit(ctx, root, head)
		if err != nil {
			return c.unknown(ctx, head, err)
		}
		b.to = id
	}
	name, from, err := c.findBase(ctx, env)
	if err != nil {
		return c.unknown(ctx, name, err)
	}
	if from == "" {
		return base{missing: name}, nil
	}
	tip := b.to
	if tip == "" {
		if tip, err = git.Commit(ctx, root, "HEAD"); err != nil {
			return base{}, fmt.Errorf("compare with %q: there is no commit yet: %w", name, err)
		}
	}
	b.from, err = git.MergeBase(ctx, root, from, tip)
	if errors.Is(err, git.ErrUnknown) && git.Shallow(ctx, root) {
		return base{missing: fmt.Sprintf("this clone is shallow and does not reach back to where %s was left", name)}, nil
	}
	if err != nil {
		return base{}, fmt.Errorf("compare with %q: git knows no common commit of it and what is checked out: %w", name, err)
	}
	return b, nil
}

// findBase returns the revision to compare with, as it is called and as a commit. Without a commit the name is why there is none.
func (c *choice) findBase(ctx context.Context, env func(string) string) (name, commit string, err error) {
	root := c.pipeline.workspace.Root
	name = c.options.Base
	if name == "" {
		name = env("MAGPIE_SCM_BASE")
	}
	if name != "" {
		commit, err = git.Commit(ctx, root, name)
		return name, commit, err
	}
	guesses := []string{"main", "master", "origin/main", "origin/master"}
	why := "there is no branch main or master to compare with"
	if branch := env("GITHUB_BASE_REF"); branch != "" {
		guesses = []string{branch, "origin/" + branch}
		why = fmt.Sprintf("the branch %s that this pull request is for has not been fetched", branch)
	} else if before := pushedOnto(env("GITHUB_EVENT_PATH")); before != "" {
		guesses = []string{before}
		why = fmt.Sprintf("the commit %s that was pushed onto has not been fetched", before)
	}
	for _, guess := range guesses {
		commit, err = git.Commit(ctx, root, guess)
		if err == nil {
			return guess, commit, nil
		}
		if !errors.Is(err, git.ErrUnknown) {
			return strings.Join(guesses, ", "), "", err
		}
	}
	return why, "", nil
}

// pushedOnto returns the commit that a branch was at before the push which GitHub describes in a file. It is empty where there was none.
func pushedOnto(event string) string {
	data, err := os.ReadFile(event)
	if err != nil {
		return ""
	}
	var push struct{ Before string }
	if json.Unmarshal(data, &push) != nil || strings.Trim(push.Before, "0") == "" {
		return ""
	}
	return push.Before
}

// unknown is the answer where a revision that somebody named is not there.
func (c *choice) unknown(ctx context.Context, name string, err error) (base, error) {
	root := c.pipeline.workspace.Root
	if errors.Is(err, git.ErrUnknown) && git.Shallow(ctx, root) {
		return base{missing: fmt.Sprintf("this clone is shallow and does not hold %s", name)}, nil
	}
	if errors.Is(err, git.ErrUnknown) {
		return base{}, fmt.Errorf("compare with %q: git knows no such revision%s", name, fetchHint(ctx, root))
	}
	return base{}, fmt.Errorf("compare with %q: %w", name, err)
}
