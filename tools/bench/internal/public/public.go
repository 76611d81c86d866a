// Package public makes a workspace of modules that others have published, to measure real builds with.
package public

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"magpie.build/tools/bench/internal/release"
)

// Name says whose modules they are.
const Name = "opentelemetry-go-contrib"

// prefix begins the path of each module; what follows is its folder in the repository that it comes from.
const prefix = "go.opentelemetry.io/contrib/"

// Modules are the modules, with their versions.
var Modules = []string{
	"bridges/otelslog@v0.13.0", "bridges/otellogrus@v0.13.0", "bridges/otelzap@v0.13.0", "bridges/prometheus@v0.63.0",
	"instrumentation/github.com/gin-gonic/gin/otelgin@v0.63.0", "instrumentation/github.com/gorilla/mux/otelmux@v0.63.0",
	"instrumentation/github.com/labstack/echo/otelecho@v0.63.0", "instrumentation/google.golang.org/grpc/otelgrpc@v0.63.0",
	"instrumentation/host@v0.63.0", "instrumentation/runtime@v0.63.0",
	"instrumentation/net/http/httptrace/otelhttptrace@v0.63.0", "instrumentation/net/http/otelhttp@v0.63.0",
	"processors/baggagecopy@v0.11.0", "processors/minsev@v0.11.0",
	"propagators/aws@v1.38.0", "propagators/b3@v1.38.0", "propagators/jaeger@v1.38.0", "propagators/ot@v1.38.0",
	"samplers/jaegerremote@v0.32.0", "zpages@v0.63.0",
}

// Write makes the workspace in dir: the modules, as a module proxy has them, and a magefile with the task build. Its module tools
// requires the pipeline.
func Write(ctx context.Context, dir string, pipeline *release.Module) error {
	args := []string{"mod", "download", "-json"}
	for _, module := range Modules {
		args = append(args, prefix+module)
	}
	if err := os.MkdirAll(filepath.Join(dir, "tools"), 0o750); err != nil {
		return err
	}
	listed, err := goCommand(ctx, filepath.Join(dir, "tools"), pipeline, args...)
	if err != nil {
		return err
	}
	var work strings.Builder
	work.WriteString("go 1.26.0\n\nuse ./tools\n")
	for decoder := json.NewDecoder(strings.NewReader(listed)); ; {
		var m struct{ Path, Dir string }
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("list %s: %w", Name, err)
		}
		folder := strings.TrimPrefix(m.Path, prefix)
		if err := os.CopyFS(filepath.Join(dir, filepath.FromSlash(folder)), os.DirFS(m.Dir)); err != nil {
			return err
		}
		fmt.Fprintf(&work, "use ./%s\n", folder)
	}
	goMod, goSum, err := pipeline.Require("public.example/tools")
	if err != nil {
		return err
	}
	for name, text := range map[string]string{"go.work": work.String(), "magefile.go": magefile, "tools/go.mod": string(goMod), "tools/go.sum": string(goSum), ".gitignore": ".magpie/\n"} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			return err
		}
	}
	_, err = goCommand(ctx, dir, pipeline, "list", "-m", "all") // which writes the checksums that the modules need together
	return err
}

func goCommand(ctx context.Context, dir string, pipeline *release.Module, args ...string) (string, error) {
	var problems strings.Builder
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Stderr = dir, &problems
	cmd.Env = append(append(os.Environ(), pipeline.Env...), "GOWORK=")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s of %s: %w\n%s%s", args[1], Name, err, out, &problems)
	}
	return string(out), nil
}

// magefile builds what `go build work` builds.
const magefile = `//go:build mage

package main

import (
	"context"
	"os"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/cli"
)

var magpie = cli.Take(&os.Args, pipeline.Task{
	Name: "build", DependsOn: []string{"^build"}, Modules: []string{"!tools"},
	GoBuild: []string{"./..."}, Commands: [][]string{{"go", "build", "./..."}},
})

// Build compiles every module.
func Build(ctx context.Context) error { return magpie.Run(ctx, "build") }

// Magpie runs all other commands.
func Magpie(ctx context.Context) error { return magpie.Run(ctx) }
`
