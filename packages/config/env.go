package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// environ turns the form of os.Environ into a map. The last of equal names wins, as in os/exec.
func environ(env []string) map[string]string {
	out := make(map[string]string, len(env))
	for _, entry := range env {
		if name, text, ok := strings.Cut(entry, "="); ok {
			out[name] = text
		}
	}
	return out
}

// readEnv returns what the environment says. A variable that is set to nothing counts as not set.
func readEnv(env map[string]string, o Options, fields []field) (layer, []Problem) {
	out := layer{}
	known := []string{o.fileVariable()}
	var problems []Problem
	for _, f := range fields {
		known = append(known, f.Env)
		if text := env[f.Env]; text != "" {
			out[f.Path] = input{text: text, source: Source{Environment, f.Env}}
		}
		if !f.Secret() {
			continue
		}
		known = append(known, f.Env+"_FILE")
		if path := env[f.Env+"_FILE"]; path != "" {
			in, p := mounted(f, path, env[f.Env] != "")
			out[f.Path] = in
			problems = append(problems, p...)
		}
	}
	return out, append(problems, unknownVariables(env, o.EnvPrefix, known)...)
}

func unknownVariables(env map[string]string, prefix string, known []string) []Problem {
	if prefix == "" {
		return nil
	}
	var problems []Problem
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !strings.HasPrefix(name, prefix) || slices.Contains(known, name) {
			continue
		}
		problems = append(problems, Problem{
			Name: name, Source: Source{Layer: Environment}, Expected: "unknown variable", Suggestion: closest(name, known),
		})
	}
	return problems
}

// maxSecretBytes is far above any key or certificate; more is the wrong file.
const maxSecretBytes = 64 << 10

// mounted reads a secret from the file that a variable names.
func mounted(f field, path string, alsoSet bool) (input, []Problem) {
	name := f.Env + "_FILE"
	in := input{source: Source{Environment, fmt.Sprintf("%s=%s", name, path)}}
	problem := func(text string) (input, []Problem) {
		in.failed = true
		return in, []Problem{{Name: name, Source: in.source, Expected: text}}
	}
	if alsoSet {
		return problem("set either this or " + f.Env)
	}
	text, err := readBounded(path, maxSecretBytes)
	if err != nil {
		return problem("cannot be read: " + err.Error())
	}
	in.text = strings.TrimRight(string(text), "\r\n")
	if in.text == "" {
		return problem("the file is empty")
	}
	return in, nil
}

// readBounded reads a file that must not be larger than limit. Its error does not repeat the path.
func readBounded(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, cause(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return data, nil
}

func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}
