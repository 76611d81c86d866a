package peers

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// The versions that are measured.
const (
	TurboVersion  = "2.11.11"
	GoTaskVersion = "v3.54.0"
)

// InstallTurbo returns Turborepo's own program, without the Node script around it: it installs the package for this system
// into a folder with npm.
func InstallTurbo(ctx context.Context, dir string) (string, error) {
	system, ok := map[string]string{"linux": "linux", "darwin": "darwin", "windows": "windows"}[runtime.GOOS]
	arch, known := map[string]string{"amd64": "64", "arm64": "arm64"}[runtime.GOARCH]
	if !ok || !known {
		return "", fmt.Errorf("turbo has no program for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	name := "@turbo/" + system + "-" + arch
	if err := command(ctx, dir, nil, "npm", "install", "--no-audit", "--no-fund", "--prefix", ".", name+"@"+TurboVersion); err != nil {
		return "", fmt.Errorf("install turbo with npm: %w", err)
	}
	return filepath.Join(dir, "node_modules", filepath.FromSlash(name), "bin", executable("turbo")), nil
}

// InstallGoTask returns go-task's program, installed into a folder by the go command.
func InstallGoTask(ctx context.Context, dir string) (string, error) {
	err := command(ctx, dir, []string{"GOBIN=" + dir, "GOFLAGS="}, "go", "install", "github.com/go-task/task/v3/cmd/task@"+GoTaskVersion)
	return filepath.Join(dir, executable("task")), err
}

// Build returns the program of a package of a module's folder, or of a module that it requires, built into another.
func Build(ctx context.Context, module, pkg, dir string) (string, error) {
	program := filepath.Join(dir, executable(filepath.Base(pkg)))
	return program, command(ctx, module, nil, "go", "build", "-o", program, pkg)
}

func command(ctx context.Context, dir string, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", args, err, out)
	}
	return nil
}

func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

func host(addr string) string { h, _, _ := net.SplitHostPort(addr); return h }

func port(addr string) string { _, p, _ := net.SplitHostPort(addr); return p }
