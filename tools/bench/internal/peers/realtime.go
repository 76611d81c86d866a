package peers

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"magpie.build/tools/bench/internal/server"
	"magpie.build/tools/bench/internal/wire"
)

// CentrifugoVersion is the Centrifugo that is measured. Socket.IO's is in socketio/package.json.
const CentrifugoVersion = "v6.9.1"

// InstallCentrifugo returns Centrifugo's program, installed into a folder by the go command unless it is there already:
// building it takes minutes.
func InstallCentrifugo(ctx context.Context, cache string) (string, error) {
	dir := filepath.Join(cache, "centrifugo-"+CentrifugoVersion)
	program := filepath.Join(dir, executable("centrifugo"))
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	err := command(ctx, dir, []string{"GOBIN=" + dir, "GOFLAGS=", "GOWORK=off"}, "go", "install", "github.com/centrifugal/centrifugo/v6@"+CentrifugoVersion)
	return program, err
}

// Centrifugo runs as it comes, but for being open to everybody, and for the namespace history, which keeps 1,000
// publications and recovers by them.
func Centrifugo(path string) server.Program {
	return server.Program{Name: "centrifugo", Protocol: wire.Centrifuge{}, Command: func(p server.Place) (argv, env []string) {
		env = []string{
			"CENTRIFUGO_HTTP_SERVER_ADDRESS=" + host(p.Addr), "CENTRIFUGO_HTTP_SERVER_PORT=" + port(p.Addr),
			"CENTRIFUGO_LOG_LEVEL=error", "CENTRIFUGO_CLIENT_INSECURE=true",
			`CENTRIFUGO_CHANNEL_NAMESPACES=[{"name":"history","history_size":1000,"history_ttl":"10m","force_recovery":true},{"name":"plain"}]`,
		}
		if p.Redis != "" {
			env = append(env, "CENTRIFUGO_ENGINE_TYPE=redis", "CENTRIFUGO_ENGINE_REDIS_ADDRESS="+p.Redis)
		}
		return []string{path}, env
	}}
}

// BuildNaive compiles the naive server of the workspace at root into dir.
func BuildNaive(ctx context.Context, root, dir string) (string, error) {
	return Build(ctx, filepath.Join(root, "tools", "bench"), "magpie.build/tools/bench/internal/naive", dir)
}

// Naive is what one writes first: a goroutine and a queue for each connection, and a write for each message.
func Naive(path string) server.Program {
	return server.Program{Name: "naive", Protocol: wire.Centrifuge{}, Command: func(p server.Place) (argv, env []string) {
		return []string{path, p.Addr}, nil
	}}
}

//go:embed socketio
var socketIO embed.FS

// InstallSocketIO returns a folder with Socket.IO and a server made of it, installed by npm unless it is there already.
func InstallSocketIO(ctx context.Context, cache string) (string, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return "", fmt.Errorf("Socket.IO runs on Node.js, which is not installed: %w", err)
	}
	dir := filepath.Join(cache, "socketio")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "server.mjs"} {
		text, err := socketIO.ReadFile("socketio/" + name)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return "", err
		}
	}
	if err := command(ctx, dir, nil, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline"); err != nil {
		return "", fmt.Errorf("install Socket.IO with npm: %w", err)
	}
	return dir, nil
}

// SocketIO runs the server that [InstallSocketIO] has put into a folder.
func SocketIO(dir string) server.Program {
	return server.Program{Name: "socket.io", Protocol: wire.SocketIO{}, Command: func(p server.Place) (argv, env []string) {
		return []string{"node", filepath.Join(dir, "server.mjs")}, []string{"ADDR=" + p.Addr, "REDIS_URL=" + p.Redis}
	}}
}
