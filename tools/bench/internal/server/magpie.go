package server

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"

	"magpie.build/tools/bench/internal/wire"
)

// Build compiles the server of the workspace at root into dir and returns the program's path.
func Build(ctx context.Context, root, dir string) (string, error) {
	program := filepath.Join(dir, "server")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", program, ".")
	cmd.Dir = filepath.Join(root, "apps", "server")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build apps/server: %w\n%s", err, out)
	}
	return program, nil
}

// Magpie is the server of this workspace, built to path. It opens every channel to everyone.
func Magpie(path string) Program {
	return Program{Name: "magpie", Protocol: wire.Centrifuge{}, Command: func(p Place) (argv, env []string) {
		return []string{path, "-data-dir="}, []string{
			"ADDR=" + p.Addr, "ADMIN_ADDR=" + p.Admin, "REALTIME_INSECURE=true", "REDIS_URL=" + p.Redis, "LOG_LEVEL=warn",
		}
	}}
}
