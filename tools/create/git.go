package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// firstCommit makes dir a git repository whose one commit holds everything, and says so. Where git is not
// there, does not know who commits, or the place belongs to another repository, it says why it did nothing:
// nobody is made up.
func firstCommit(ctx context.Context, dir, parent string) (note string, err error) {
	if why := whyNot(ctx, dir, parent); why != "" {
		return why, nil
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"add", "--all"},
		{"commit", "--quiet", "--message=Start the workspace"},
	} {
		if err := git(ctx, dir, args...); err != nil {
			return "", err
		}
	}
	return "a git repository holds them in its first commit", nil
}

func whyNot(ctx context.Context, dir, parent string) string {
	if _, err := exec.LookPath("git"); err != nil {
		return "git is not installed, so there is no repository yet"
	}
	if git(ctx, parent, "rev-parse", "--is-inside-work-tree") == nil {
		return "the folder belongs to a git repository, so no new one was made"
	}
	if git(ctx, dir, "config", "user.name") != nil || git(ctx, dir, "config", "user.email") != nil {
		return "git knows no user.name and user.email, so there is no repository yet"
	}
	return ""
}

func git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	for _, variable := range os.Environ() {
		// A hook that runs this command points git at the hook's repository.
		if !strings.HasPrefix(variable, "GIT_DIR=") && !strings.HasPrefix(variable, "GIT_WORK_TREE=") && !strings.HasPrefix(variable, "GIT_INDEX_FILE=") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w\n%s", args[0], err, out)
	}
	return nil
}
