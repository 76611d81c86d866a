package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magpie.build/tools/create/internal/tree"
)

// The workspace that this file lies in, under another path: it builds, vets and tests with no network.
func TestThisWorkspaceWorksUnderAnotherPath(t *testing.T) {
	if testing.Short() {
		t.Skip("builds every module")
	}
	root, err := tree.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.TrimSuffix(modulePath(t, filepath.Join(root, "tools", "create")), "/tools/create")
	t.Chdir(root)
	target := filepath.Join(t.TempDir(), "acme")
	if _, err := create(t, "-module=example.com/acme", "-git=false", target); err != nil {
		t.Fatal(err)
	}

	for name, text := range snapshot(t, target) {
		if name != "LICENSE" && strings.Contains(text, own) {
			t.Errorf("%s still names %s", name, own)
		}
	}
	if got := modulePath(t, filepath.Join(target, "tools", "create")); got != "example.com/acme/tools/create" {
		t.Errorf("the new workspace cannot create another: its tools/create is %q", got)
	}
	goIn(t, target, "vet", "work")
	goIn(t, filepath.Join(target, "packages", "config"), "test", "-short", "./...")
	for _, module := range modules(t, target) {
		t.Run(module, func(t *testing.T) {
			goIn(t, filepath.Join(target, module), "build", "-o", os.DevNull, "./...")
		})
	}
}

func modulePath(t *testing.T, dir string) string {
	t.Helper()
	return strings.TrimSpace(goIn(t, dir, "list", "-m"))
}

var uses = regexp.MustCompile(`(?m)^\s+\./(\S+)$`)

func modules(t *testing.T, root string) []string {
	t.Helper()
	work, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, use := range uses.FindAllStringSubmatch(string(work), -1) {
		dirs = append(dirs, filepath.FromSlash(use[1]))
	}
	if len(dirs) == 0 {
		t.Fatal("go.work uses no module")
	}
	return dirs
}

// goIn runs the go command without network and without leave to change a module file. With GOWORK=off,
// each module has to stand by itself.
func goIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
	if args[len(args)-1] != "work" {
		cmd.Env = append(cmd.Env, "GOWORK=off")
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("go %s in %s: %v\n%s", strings.Join(args, " "), dir, err, out)
	}
	return string(out)
}
