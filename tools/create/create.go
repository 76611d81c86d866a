package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/module"

	"magpie.build/tools/create/internal/rewrite"
	"magpie.build/tools/create/internal/tree"
)

// options are what to create, and where to say so.
type options struct {
	module string
	target string
	dryRun bool
	git    bool

	stdout, stderr io.Writer
}

func (o options) create(ctx context.Context) error {
	if err := module.CheckPath(o.module); err != nil {
		return fmt.Errorf("-module: %w; a path such as example.com/acme or github.com/you/acme is", err)
	}
	root, err := tree.Root(".")
	if err != nil {
		return err
	}
	target, err := place(o.target)
	if err != nil {
		return err
	}
	files, err := tree.Files(ctx, root)
	if err != nil {
		return err
	}
	path, err := rewrite.ModulePath(root, files)
	if err != nil {
		return err
	}
	if path == o.module {
		return fmt.Errorf("-module: %s is the path of this workspace; choose your own", path)
	}
	r := rewrite.New(path, o.module)
	if o.dryRun {
		return o.list(root, files, r)
	}
	made, err := o.write(ctx, root, target, files, r)
	if err != nil {
		return fmt.Errorf("create %s: %w", o.target, err)
	}
	o.report(len(files), made)
	return nil
}

// place returns the absolute path of a folder that may be created.
func place(target string) (string, error) {
	abs, err := filepath.Abs(target)
	if err != nil {
		return "", err
	}
	entries, err := os.ReadDir(abs)
	switch {
	case err == nil && len(entries) > 0:
		return "", fmt.Errorf("%s is not empty (it holds %s); choose a folder that does not exist", target, entries[0].Name())
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s cannot be used: %w", target, err)
	}
	if outer, err := tree.Root(filepath.Dir(abs)); err == nil {
		return "", fmt.Errorf("%s lies inside the workspace %s, and go commands there would mix the two; choose a folder outside", target, outer)
	}
	return abs, nil
}

func (o options) list(root string, files []tree.File, r *rewrite.Rewriter) error {
	for _, f := range files {
		old, changed, err := contents(root, f, r)
		if err != nil {
			return err
		}
		note := ""
		if string(old) != string(changed) {
			note = " (rewritten)"
		}
		if _, err := fmt.Fprintf(o.stdout, "%s%s\n", f.Path, note); err != nil {
			return err
		}
	}
	say(o.stderr, "%d files; nothing was written, as -dry-run asks", len(files))
	return nil
}

func contents(root string, f tree.File, r *rewrite.Rewriter) (old, changed []byte, err error) {
	old, err = os.ReadFile(filepath.Join(root, filepath.FromSlash(f.Path)))
	if err != nil {
		return nil, nil, err
	}
	changed, err = r.File(f.Path, old)
	return old, changed, err
}

// write makes the workspace in a folder beside target, and moves it there when it is complete.
func (o options) write(ctx context.Context, root, target string, files []tree.File, r *rewrite.Rewriter) (commit string, err error) {
	parent := filepath.Dir(target)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(parent, "."+filepath.Base(target)+"-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if err := copyFile(root, temp, f, r); err != nil {
			return "", err
		}
	}
	if err := os.Chmod(temp, 0o755); err != nil { //nolint:gosec // MkdirTemp makes it for us alone
		return "", err
	}
	if o.git {
		if commit, err = firstCommit(ctx, temp, parent); err != nil {
			return "", err
		}
	}
	if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return commit, os.Rename(temp, target)
}

func copyFile(root, to string, f tree.File, r *rewrite.Rewriter) error {
	_, changed, err := contents(root, f, r)
	if err != nil {
		return err
	}
	path := filepath.Join(to, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, changed, f.Mode)
}

func (o options) report(files int, commit string) {
	say(o.stdout, "created %s: %d files under the module path %s; %s", o.target, files, o.module, o.gitNote(commit))
	say(o.stdout, "\nnext:\n  cd %s\n  go tool mage dev    # two people can talk at once\n  go tool mage test   # every test of every module", o.target)
	say(o.stdout, "\nthe same again: go run ./tools/create -module=%s -git=%t %s", o.module, o.git, o.target)
}

func (o options) gitNote(commit string) string {
	if commit != "" {
		return commit
	}
	return "no git repository was made"
}
