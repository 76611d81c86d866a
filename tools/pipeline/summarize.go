package pipeline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"magpie.build/tools/pipeline/internal/git"
	"magpie.build/tools/pipeline/internal/glob"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/summary"
)

// describe fills in what a summary says of the run as a whole.
func (s *session) describe(ctx context.Context, r *summary.Run, started time.Time) {
	r.ID, r.Version, r.Monorepo, r.EnvMode = summary.NewID(started), "1", true, envMode
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == "magpie.build/tools/pipeline" {
				r.MagpieVersion = m.Version
			}
		}
	}
	r.GlobalCacheInputs = summary.Global{RootKey: keyRules, Files: map[string]string{}, Engines: map[string]string{}}
	global := s.pipeline.global
	r.GlobalCacheInputs.EnvironmentVariables = variables(global.Env, slices.Concat(passed, global.PassEnv), s.options.Env)
	if set, err := glob.Parse(".", global.Inputs); err == nil { // it has been parsed before
		if names, err := set.Files(s.pipeline.index.ReadDir, nil); err == nil {
			r.GlobalCacheInputs.Files, _ = s.hashes(names) // what cannot be read fails the tasks
		}
	}
	r.Packages = []string{}
	for _, t := range r.Tasks {
		if !slices.Contains(r.Packages, t.Package) {
			r.Packages = append(r.Packages, t.Package)
		}
	}
	slices.Sort(r.Packages)
	r.Tasks = filled(r.Tasks)
	r.SCM = summary.SCM{Type: "git"}
	r.SCM.SHA, r.SCM.Branch, r.User = git.Head(ctx, s.pipeline.workspace.Root)
}

const envMode = "strict"

// summarize returns what a summary says of one task.
func (s *session) summarize(n *node, f forecast) (summary.Task, error) {
	inputs, err := s.inputFiles(n)
	if err != nil {
		return summary.Task{}, fmt.Errorf("list what %s reads: %w", n.id, err)
	}
	t := summary.Task{
		TaskID: n.id, Name: n.Name, Package: n.member(), Inputs: inputs,
		Command: n.what(), CLIArguments: filled(n.args), Directory: n.module.Name,
		Dependencies: filled(s.graph.Deps(n.id)), Dependents: filled(s.graph.Users(n.id)), With: filled(n.with),
		ResolvedTaskDefinition: n.definition(), ExpandedOutputs: []string{}, EnvMode: envMode,
		EnvironmentVariables: variables(n.Env, n.PassEnv, s.options.Env), Outputs: []string{}, ExcludedOutputs: []string{},
	}
	if n.isGroup() {
		t.Command = "<NONEXISTENT>"
	}
	if n.isGo() {
		versions, err := s.pipeline.read().versions()
		if err != nil {
			return summary.Task{}, err
		}
		t.HashOfExternalDependencies = versions.String()
	}
	for _, pattern := range n.Outputs {
		if excluded, ok := strings.CutPrefix(pattern, "!"); ok {
			t.ExcludedOutputs = append(t.ExcludedOutputs, excluded)
		} else {
			t.Outputs = append(t.Outputs, pattern)
		}
	}
	if f.status == wait {
		t.HashReason = fmt.Sprintf("%s has to run before", f.because)
	} else {
		key := s.keys[n.id].String()
		t.Hash = &key
	}
	t.Cache = summary.Cache{Status: "MISS"}
	if f.artifact != nil {
		t.Cache = summary.Cache{Local: true, Status: "HIT", Source: "LOCAL", TimeSavedMillis: f.artifact.Duration.Milliseconds()}
		for _, o := range f.artifact.Outputs {
			t.ExpandedOutputs = append(t.ExpandedOutputs, o.Name)
		}
	}
	return t, nil
}

func (n *node) definition() summary.Definition {
	return summary.Definition{
		Outputs: filled(n.Outputs), Cache: !n.Uncached, DependsOn: filled(n.DependsOn), Inputs: filled(n.Inputs),
		OutputLogs: string(cmp.Or(n.OutputLogs, OutputNewOnly)), Persistent: n.Persistent, Interruptible: n.Interruptible, Interactive: n.Interactive,
		Env: filled(n.Env), PassThroughEnv: filled(n.PassEnv), With: filled(n.With), Tags: filled(n.Tags), Description: n.Help,
	}
}

// inputFiles returns the files that a task reads, with the hash of their contents.
func (s *session) inputFiles(n *node) (map[string]string, error) {
	files, err := s.globbed(n)
	if err != nil {
		return nil, err
	}
	if n.isGo() {
		source, err := s.source(hash.New("unused"), n, s.environment(n))
		if err != nil {
			return nil, err
		}
		if files, err = source.files(n, files); err != nil {
			return nil, err
		}
	}
	return s.hashes(files)
}

// hashes returns the hashes of files that there are.
func (s *session) hashes(files []string) (map[string]string, error) {
	hashes := make(map[string]string, len(files))
	for _, name := range files {
		file, err := s.pipeline.index.File(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		hashes[name] = hex.EncodeToString(file.Content[:])
	}
	return hashes, nil
}

// variables says which variables are declared, and which of these there are.
func variables(declared, passThrough, all []string) summary.EnvironmentVariables {
	v := summary.EnvironmentVariables{Configured: []string{}, Inferred: []string{}, PassThrough: []string{}}
	v.Specified.Env, v.Specified.PassThroughEnv = filled(declared), filled(passThrough)
	for _, variable := range all {
		name, value, _ := strings.Cut(variable, "=")
		sum := sha256.Sum256([]byte(value))
		hashed := name + "=" + hex.EncodeToString(sum[:])
		switch {
		case named(declared, name):
			v.Configured = append(v.Configured, hashed)
		case named(passThrough, name):
			v.PassThrough = append(v.PassThrough, hashed)
		}
	}
	slices.Sort(v.Configured)
	slices.Sort(v.PassThrough)
	return v
}
