// Package tree says which files make a workspace: those that git tracks or would, or, in a copy without
// git, all but what the ignore rules name.
package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A File is a regular file of the workspace.
type File struct {
	Path string // relative to the root, with slashes
	Mode fs.FileMode
}

// Root returns the nearest folder that holds a go.work file, from dir upwards.
func Root(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := abs; ; at = filepath.Dir(at) {
		if info, err := os.Stat(filepath.Join(at, "go.work")); err == nil && info.Mode().IsRegular() {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no go.work in %s or above; run this inside a workspace", abs)
		}
	}
}

// Files returns the files of the workspace at root, sorted by path.
func Files(ctx context.Context, root string) ([]File, error) {
	paths, err := tracked(ctx, root)
	if err != nil {
		paths, err = walk(root)
	}
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", root, err)
	}
	slices.Sort(paths)
	var files []File
	for _, path := range slices.Compact(paths) {
		info, err := os.Lstat(filepath.Join(root, filepath.FromSlash(path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // tracked, and deleted in the work tree
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is not a regular file and cannot be carried over", path)
		}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		files = append(files, File{Path: path, Mode: mode})
	}
	return files, nil
}

// tracked asks git for the files that are tracked, or are neither tracked nor ignored.
func tracked(ctx context.Context, root string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 }), nil
}

// walk lists all files but those that the .gitignore at the root names.
func walk(root string) ([]string, error) {
	rules, err := readRules(filepath.Join(root, ".gitignore"))
	if err != nil {
		return nil, err
	}
	var paths []string
	err = filepath.WalkDir(root, func(abs string, entry fs.DirEntry, err error) error {
		if err != nil || abs == root {
			return err
		}
		path, err := filepath.Rel(root, abs)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		switch {
		case entry.IsDir() && (path == ".git" || rules.ignore(path, true)):
			return fs.SkipDir
		case !entry.IsDir() && path != ".git" && !rules.ignore(path, false):
			paths = append(paths, path)
		}
		return nil
	})
	return paths, err
}
