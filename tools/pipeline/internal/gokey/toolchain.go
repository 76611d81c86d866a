package gokey

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"magpie.build/tools/pipeline/internal/hash"
)

// toolchain identifies the go command on the PATH by the VERSION file of its tree, or by the program itself
// where there is none. Which toolchain that command then chooses follows from GOTOOLCHAIN and the go lines,
// and these are in the key too.
func (s *Settings) toolchain(files *hash.Index) (string, error) {
	path := s.look("go")
	if path == "" {
		return "", errors.New("no go command on PATH\nhint: install Go from https://go.dev/dl and put its bin folder on PATH")
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("read the Go toolchain: %w", err)
	}
	root := filepath.Dir(filepath.Dir(real))
	if set := s.get("GOROOT"); set != "" {
		root = set
	}
	version := filepath.Join(root, "VERSION")
	if id, err := program(files, version); err == nil {
		return id, nil
	}
	id, err := program(files, real)
	if err != nil {
		return "", fmt.Errorf("read the Go toolchain: neither %s nor %s can be read", version, real)
	}
	return id, nil
}

// findCompiler returns the C compiler's path, empty where there is none.
func (s *Settings) findCompiler() string {
	candidates := []string{"gcc", "clang"}
	if fields := strings.Fields(s.get("CC")); len(fields) > 0 {
		candidates = fields[:1]
	}
	for _, name := range candidates {
		if path := s.look(name); path != "" {
			return path
		}
	}
	return ""
}

// look finds a program on the PATH of the environment.
func (s *Settings) look(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	for _, folder := range filepath.SplitList(s.env["PATH"]) {
		if !filepath.IsAbs(folder) {
			continue
		}
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path
		}
	}
	return ""
}

// program identifies an absolute path by content, not by name: the same one elsewhere is the same. No
// path is the empty string.
func program(files *hash.Index, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	file, err := files.File(filepath.ToSlash(real))
	if err != nil {
		return "", err
	}
	return string(file.Content[:]), nil
}
