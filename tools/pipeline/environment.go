package pipeline

import (
	"runtime"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/hash"
)

// passed are the variables that every task is given. They say where things are and how to show text, not
// what to make; those of the go command that do change what it makes are part of the keys of Go tasks.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "LANG", "LC_*", "TZ", "TMPDIR", "TMP", "TEMP", "TERM", "COLORTERM",
	"CI", "NO_COLOR", "FORCE_COLOR", "XDG_*", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"GO*", "CGO_*", "CC", "CXX", "FC", "AR", "PKG_CONFIG*", "NETRC",
	"MAGEFILE_CACHE", "MAGEFILE_GOCMD", "MAGEFILE_HASHFAST",
	// What Windows' programs do not start without.
	"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES*",
	"USERPROFILE", "USERNAME", "HOMEDRIVE", "HOMEPATH", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
}

// environment returns what [node.environment] does in this run. It is worked out once for tasks that declare the same.
func (s *session) environment(n *node) []string {
	id := n.environmentID()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.envs[id] == nil {
		s.envs[id] = n.environment(s.options.Env)
	}
	return slices.Clip(s.envs[id])
}

// environmentID is the same for tasks that are given the same variables.
func (n *node) environmentID() string {
	return strings.Join(slices.Concat(n.Env, []string{""}, n.PassEnv, []string{""}, n.Set), "\x00")
}

// environment returns what a task's processes are given, out of the variables of the run: a short list that all get,
// what the task declares, and what it sets. Sorted.
func (n *node) environment(all []string) []string {
	var env []string
	last := make(map[string]string, len(all)) // of a variable that is there twice, the last counts
	for _, v := range all {
		name, _, _ := strings.Cut(v, "=")
		last[name] = v
	}
	for name, v := range last {
		if named(passed, name) || named(n.Env, name) || named(n.PassEnv, name) {
			env = append(env, v)
		}
	}
	for _, set := range n.Set {
		name, _, _ := strings.Cut(set, "=")
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		env = append(env, set)
	}
	slices.Sort(env)
	return env
}

// addEnvironment adds the declared variables to a key. One that is not set is not there; empty is a value.
func (n *node) addEnvironment(h *hash.Hasher, env []string) {
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if named(n.Env, name) {
			h.Add("environment", name, value)
		}
	}
	h.Add("set", slices.Sorted(slices.Values(n.Set))...)
}

// named reports whether a list of variables holds one: by its name, by a pattern in which "*" stands for anything, and not where one
// that begins with "!" takes it away, wherever in the list that stands.
func named(patterns []string, name string) bool {
	if runtime.GOOS == "windows" {
		name = strings.ToUpper(name)
	}
	found := false
	for _, p := range patterns {
		if runtime.GOOS == "windows" {
			p = strings.ToUpper(p)
		}
		pattern, negated := strings.CutPrefix(p, "!")
		if !like(pattern, name) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// like reports whether a name fits a pattern.
func like(pattern, name string) bool {
	before, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return name == pattern
	}
	if !strings.HasPrefix(name, before) {
		return false
	}
	name = name[len(before):]
	for i := 0; i <= len(name); i++ {
		if like(rest, name[i:]) {
			return true
		}
	}
	return false
}
