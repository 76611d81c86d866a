// Package gokey finds out, without the go command, what decides how a Go task turns out beside the source
// files: toolchain, platform and settings, the versions of modules.
package gokey

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
)

// names are the go command's variables that change what it makes. What only says where to find things
// (GOPROXY, GOCACHE, GOPRIVATE) is not among them.
var names = []string{
	"GOOS", "GOARCH", "CGO_ENABLED", "GOFLAGS", "GOEXPERIMENT", "GOTOOLCHAIN", "GODEBUG", "GOFIPS140", "GOWORK",
	"GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64", "GOWASM",
	"CC", "CXX", "FC", "AR", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS", "CGO_LDFLAGS", "PKG_CONFIG",
}

// Settings are the go command's settings in one environment. Safe for concurrent use.
type Settings struct {
	env   map[string]string
	saved map[string]string // by `go env -w`

	compiler func() string // the C compiler's path, empty where there is none
}

// Read returns the settings that hold in an environment, given as [os/exec.Cmd] takes it.
func Read(env []string) (*Settings, error) {
	s := &Settings{env: make(map[string]string), saved: make(map[string]string)}
	s.compiler = sync.OnceValue(s.findCompiler)
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		s.env[name] = value
	}
	data, err := os.ReadFile(s.savedFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the settings of go env -w: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			s.saved[name] = value
		}
	}
	return s, nil
}

// savedFile is where `go env -w` writes for this environment.
func (s *Settings) savedFile() string {
	switch {
	case s.env["GOENV"] == "off":
		return os.DevNull
	case s.env["GOENV"] != "":
		return s.env["GOENV"]
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return os.DevNull
	}
	return filepath.Join(config, "go", "env")
}

func (s *Settings) get(name string) string {
	if value := s.env[name]; value != "" {
		return value
	}
	return s.saved[name]
}

// Flags returns what GOFLAGS holds.
func (s *Settings) Flags() string { return s.get("GOFLAGS") }

// Source returns which files a build with these settings takes, under the further tags.
func (s *Settings) Source(tags ...string) gosource.Config {
	c := gosource.Config{GOOS: s.get("GOOS"), GOARCH: s.get("GOARCH"), Tags: slices.Clone(tags)}
	if c.GOOS == "" {
		c.GOOS = runtime.GOOS
	}
	if c.GOARCH == "" {
		c.GOARCH = runtime.GOARCH
	}
	c.Level, c.Experiments = s.get(level(c.GOARCH)), s.get("GOEXPERIMENT")
	c.CGO = s.cgo(c)
	c.Tags = append(c.Tags, Tags(strings.Fields(s.get("GOFLAGS")))...)
	return c
}

// IsAlone reports whether the go command looks at each module without the workspace around it.
func (s *Settings) IsAlone() bool { return s.get("GOWORK") == "off" }

// Vendors reports whether the go command takes a folder called vendor where there is one: no flag says otherwise.
func (s *Settings) Vendors() bool {
	mod := "vendor"
	for flag := range strings.FieldsSeq(s.get("GOFLAGS")) {
		if value, ok := strings.CutPrefix(strings.TrimLeft(flag, "-"), "mod="); ok {
			mod = value
		}
	}
	return mod == "vendor"
}

// ModuleCache returns the folder of the go command's module cache, empty where none can be found out.
func (s *Settings) ModuleCache() string {
	if dir := s.get("GOMODCACHE"); dir != "" {
		return dir
	}
	if paths := filepath.SplitList(s.get("GOPATH")); len(paths) > 0 && paths[0] != "" {
		return filepath.Join(paths[0], "pkg", "mod")
	}
	home := s.env["HOME"]
	if runtime.GOOS == "windows" {
		home = s.env["USERPROFILE"]
	}
	if home == "" {
		return ""
	}
	return filepath.Join(home, "go", "pkg", "mod")
}

// level names the variable that says which level of an architecture is built for.
func level(arch string) string {
	switch arch {
	case "mipsle":
		arch = "mips"
	case "mips64le":
		arch = "mips64"
	case "ppc64le":
		arch = "ppc64"
	}
	return "GO" + strings.ToUpper(arch)
}

// cgo follows the go command: on for the own platform where there is a C compiler, else off, unless set.
func (s *Settings) cgo(c gosource.Config) bool {
	switch s.get("CGO_ENABLED") {
	case "1":
		return true
	case "0":
		return false
	}
	return c.GOOS == runtime.GOOS && c.GOARCH == runtime.GOARCH && s.compiler() != ""
}

// Tags returns the build tags that a go command's arguments switch on, "race" and its like among them.
func Tags(args []string) []string {
	var tags []string
	for i, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch name {
		case "race", "msan", "asan":
			if value != "false" {
				tags = append(tags, name)
			}
		case "tags":
			if !hasValue && i+1 < len(args) {
				value = args[i+1]
			}
			tags = append(tags, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })...)
		}
	}
	return tags
}

// Add adds settings, toolchain and C compiler to a key.
func (s *Settings) Add(h *hash.Hasher, files *hash.Index) error {
	for _, name := range names {
		h.Add("setting", name, s.get(name))
	}
	h.Add("platform", runtime.GOOS, runtime.GOARCH)
	toolchain, err := s.toolchain(files)
	if err != nil {
		return err
	}
	h.Add("toolchain", toolchain)
	if !s.Source().CGO {
		return nil
	}
	compiler, err := program(files, s.compiler())
	if err != nil {
		return fmt.Errorf("read the C compiler: %w", err)
	}
	h.Add("compiler", compiler)
	return nil
}
