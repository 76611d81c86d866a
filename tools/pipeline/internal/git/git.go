// Package git asks the git command what it knows of a workspace. Only what cannot be known without it
// is asked: which files changed and what they were, which are tracked, which are ignored.
package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// ErrNone is returned where there is no git command or the folder is in no repository.
var ErrNone = errors.New("not a git repository")

// ErrUnknown is returned for a revision that the repository does not hold.
var ErrUnknown = errors.New("git knows no such revision")

// Tracked returns the files below root that git tracks, relative to root and sorted.
func Tracked(ctx context.Context, root string) ([]string, error) {
	if files, ok := readIndex(root); ok {
		return files, nil
	}
	files, err := list(ctx, root, "ls-files", "-z", "--cached")
	return slices.Sorted(maps.Keys(files)), err
}

// Files returns the files below root that git tracks or does not ignore, relative to root.
func Files(ctx context.Context, root string) (map[string]bool, error) {
	return list(ctx, root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
}

// Links returns the symbolic links below root that git tracks, relative to root.
func Links(ctx context.Context, root string) ([]string, error) {
	out, err := run(ctx, root, nil, "ls-files", "-z", "--stage")
	if err != nil {
		return nil, err
	}
	var links []string
	for line := range bytes.SplitSeq(out, []byte{0}) { // "120000 <blob> 0\t<name>"
		if about, name, ok := bytes.Cut(line, []byte{'\t'}); ok && bytes.HasPrefix(about, []byte("120000 ")) {
			links = append(links, string(name))
		}
	}
	return links, nil
}

// Commit returns the id of the commit that a revision means, or [ErrUnknown].
func Commit(ctx context.Context, root, revision string) (string, error) {
	out, err := run(ctx, root, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	switch {
	case errors.Is(err, ErrNone), ctx.Err() != nil:
		return "", err
	case err != nil:
		return "", ErrUnknown
	}
	return strings.TrimSpace(string(out)), nil
}

// Head returns the commit that is checked out, its branch and the user's name, as far as git knows them.
func Head(ctx context.Context, root string) (commit, branch, user string) {
	ask := func(args ...string) string {
		out, err := run(ctx, root, nil, args...)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	return ask("rev-parse", "--verify", "--quiet", "HEAD"), ask("symbolic-ref", "--quiet", "--short", "HEAD"), ask("config", "user.name")
}

// MergeBase returns the commit at which two others parted, or [ErrUnknown] where they have none in common.
func MergeBase(ctx context.Context, root, a, b string) (string, error) {
	out, err := run(ctx, root, nil, "merge-base", a, b)
	switch {
	case errors.Is(err, ErrNone), ctx.Err() != nil:
		return "", err
	case err != nil:
		return "", ErrUnknown
	}
	return strings.TrimSpace(string(out)), nil
}

// Shallow reports whether the repository holds only the newest part of its history.
func Shallow(ctx context.Context, root string) bool {
	out, err := run(ctx, root, nil, "rev-parse", "--is-shallow-repository")
	return err == nil && strings.TrimSpace(string(out)) == "true"
}

// A Change is a file that differs between two states of the tree.
type Change struct {
	// Name is relative to the root.
	Name string
	// Mode is git's for the older state, such as "100644", and Blob the id of its content. Both are empty where there was no such file.
	Mode, Blob string
	// After is the id of the content in the newer state, empty where there is no such file, and for the working tree.
	After string
	// Submodule says that it is, or was, a folder with another repository's commit, of which nothing more is known here.
	Submodule bool
}

// Diff returns the files below root that differ between two commits, or between a commit and the working tree where to is empty: then
// with those that git neither tracks nor ignores.
func Diff(ctx context.Context, root, from, to string) ([]Change, error) {
	args := []string{"diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--relative", from}
	if to != "" {
		args = append(args, to)
	}
	out, err := run(ctx, root, nil, append(args, "--")...)
	if err != nil {
		return nil, err
	}
	changes, err := readRaw(out)
	if err != nil || to != "" {
		return changes, err
	}
	untracked, err := list(ctx, root, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		delete(untracked, c.Name) // no longer tracked, and still there
	}
	for name := range untracked {
		changes = append(changes, Change{Name: name})
	}
	return changes, nil
}

// submodule is git's mode for one.
const submodule = "160000"

// readRaw reads what `git diff --raw -z` writes: ":100644 100644 <blob> <blob> M", a zero byte, the name, a zero byte.
func readRaw(out []byte) ([]Change, error) {
	var changes []Change
	fields := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		about := strings.Fields(strings.TrimPrefix(fields[i], ":"))
		if len(about) != 5 {
			return nil, fmt.Errorf("git diff: cannot read %q", fields[i])
		}
		c := Change{Name: fields[i+1], Submodule: about[0] == submodule || about[1] == submodule}
		if strings.Trim(about[0], "0") != "" {
			c.Mode, c.Blob = about[0], about[2]
		}
		if strings.Trim(about[3], "0") != "" {
			c.After = about[3]
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// Blobs returns the contents of blobs by their ids.
func Blobs(ctx context.Context, root string, ids []string) (map[string][]byte, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out, err := run(ctx, root, strings.NewReader(strings.Join(ids, "\n")+"\n"), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	blobs := make(map[string][]byte, len(ids))
	from := bufio.NewReader(bytes.NewReader(out))
	for range ids {
		var id, kind string
		var size int64
		if _, err := fmt.Fscanf(from, "%s %s %d\n", &id, &kind, &size); err != nil {
			return nil, fmt.Errorf("git cat-file: read what it says of a blob: %w", err)
		}
		content := make([]byte, size)
		if _, err := io.ReadFull(from, content); err != nil {
			return nil, fmt.Errorf("git cat-file: read blob %s: %w", id, err)
		}
		if _, err := from.Discard(1); err != nil { // a line ends each
			return nil, fmt.Errorf("git cat-file: read blob %s: %w", id, err)
		}
		blobs[id] = content
	}
	return blobs, nil
}

func list(ctx context.Context, root string, args ...string) (map[string]bool, error) {
	out, err := run(ctx, root, nil, args...)
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

func run(ctx context.Context, root string, stdin io.Reader, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C") // looking must not disturb, and what is said is read below
	cmd.Stdin = stdin
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
