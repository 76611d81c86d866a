// Package git asks the git command what it knows of a workspace. Only what cannot be known without it
// is asked: which files changed, which are tracked, which are ignored.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// ErrNone is returned where there is no git command or the folder is in no repository.
var ErrNone = errors.New("not a git repository")

// Tracked returns the files below root that git tracks, relative to root.
func Tracked(ctx context.Context, root string) (map[string]bool, error) {
	return list(ctx, root, "ls-files", "-z", "--cached")
}

// Files returns the files below root that git tracks or does not ignore, relative to root.
func Files(ctx context.Context, root string) (map[string]bool, error) {
	return list(ctx, root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
}

// Changed returns the files below root that differ from where the current branch left ref, relative to root:
// committed or not, and files that git does not track yet.
func Changed(ctx context.Context, root, ref string) (map[string]bool, error) {
	if strings.HasPrefix(ref, "-") {
		return nil, fmt.Errorf("compare with %q: not a git revision", ref)
	}
	base, err := run(ctx, root, "merge-base", ref, "HEAD")
	if errors.Is(err, ErrNone) {
		return nil, fmt.Errorf("compare with %q: %w", ref, err)
	}
	if err != nil {
		return nil, fmt.Errorf("compare with %q: git knows no common commit of it and HEAD: %w\n"+
			"hint: fetch it first, or name another branch, tag or commit", ref, err)
	}
	changed, err := list(ctx, root, "diff", "--name-only", "-z", "--no-renames", "--relative", strings.TrimSpace(string(base)), "--")
	if err != nil {
		return nil, err
	}
	untracked, err := list(ctx, root, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	for name := range untracked {
		changed[name] = true
	}
	return changed, nil
}

func list(ctx context.Context, root string, args ...string) (map[string]bool, error) {
	out, err := run(ctx, root, args...)
	if err != nil {
		return nil, err
	}
	files := make(map[string]bool)
	for name := range bytes.SplitSeq(out, []byte{0}) {
		if len(name) > 0 {
			files[string(name)] = true
		}
	}
	return files, nil
}

func run(ctx context.Context, root string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, exec.ErrNotFound), strings.Contains(stderr.String(), "not a git repository"):
		return nil, ErrNone
	}
	return nil, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
}
