package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/gokey"
)

// goEnvironment returns the environment that the magefile is compiled in: the process's own, but for this workspace, where
// GOWORK is off or names another, and for this machine, whatever GOOS tasks are to build for, as mage does it.
func goEnvironment(env []string, root string) ([]string, error) {
	env = with(env, "GOWORK", filepath.Join(root, "go.work"))
	env = with(env, "GOOS", runtime.GOOS)
	env = with(env, "GOARCH", runtime.GOARCH)
	if runtime.GOOS != "linux" {
		return env, nil
	}
	settings, err := gokey.Read(env)
	if err != nil {
		return nil, err
	}
	return with(env, "GOFLAGS", static(settings.Flags())), nil
}

// static adds the tags to GOFLAGS that keep the C library out of a program for its resolver's sake: to load it takes as long as
// the start of the rest. A magefile that uses cgo itself is linked with it all the same.
func static(goflags string) string {
	const tags = "netgo,osusergo"
	fields := strings.Fields(goflags)
	for i, field := range fields {
		name, value, _ := strings.Cut(strings.TrimLeft(field, "-'\""), "=")
		switch {
		case name != "tags":
		case !strings.HasPrefix(field, "-"): // quoted: not ours to take apart
			return goflags
		default:
			fields[i] = "-tags=" + value + "," + tags
			return strings.Join(fields, " ")
		}
	}
	return strings.Join(append(fields, "-tags="+tags), " ")
}

// with returns the variables with one set.
func with(env []string, name, value string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, name+"=") })
	return append(env, name+"="+value)
}

// enter makes variables those of this process, until it is undone: mage's library knows no other environment.
func enter(env []string, names ...string) (undo func()) {
	undo = func() {}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if !slices.Contains(names, name) {
			continue
		}
		before, was := os.LookupEnv(name)
		_ = os.Setenv(name, value) // such names and values cannot fail
		rest := undo
		undo = func() {
			rest()
			if _ = os.Unsetenv(name); was {
				_ = os.Setenv(name, before)
			}
		}
	}
	return undo
}
