package git

import (
	"os"
	"path/filepath"
	"strings"
)

// MainWorktree returns the folder of the repository's main worktree that stands for dir, where dir lies in one that
// `git worktree add` made. It reports false in the main worktree, and where there is no repository. It does not run git.
func MainWorktree(dir string) (string, bool) {
	top := dir
	for {
		data, err := os.ReadFile(filepath.Join(top, ".git"))
		if err == nil {
			return mainOf(top, dir, string(data))
		}
		if info, err := os.Stat(filepath.Join(top, ".git")); err == nil && info.IsDir() || top == filepath.Dir(top) {
			return "", false
		}
		top = filepath.Dir(top)
	}
}

// mainOf follows the file .git of the worktree at top: it names the worktree's folder in the repository, whose file
// commondir names the repository.
func mainOf(top, dir, link string) (string, bool) {
	own, ok := strings.CutPrefix(strings.TrimSpace(link), "gitdir:")
	if !ok {
		return "", false
	}
	own = from(top, strings.TrimSpace(own))
	data, err := os.ReadFile(filepath.Join(own, "commondir")) //nolint:gosec // git believes the file too
	if err != nil {
		return "", false // a submodule has none
	}
	common := from(own, strings.TrimSpace(string(data)))
	rel, err := filepath.Rel(top, dir)
	if err != nil || filepath.Base(common) != ".git" {
		return "", false // a bare repository has no main worktree
	}
	return filepath.Join(filepath.Dir(common), rel), true
}

func from(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}
