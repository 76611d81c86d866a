package pipeline_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/tools/pipeline"
)

// turborepoFields are the fields that `turbo run --dry=json` of version 2.11 writes, but for turboVersion, which is magpieVersion here.
const turborepoFields = `
id version monorepo globalCacheInputs packages envMode frameworkInference tasks user scm
globalCacheInputs.rootKey globalCacheInputs.files globalCacheInputs.hashOfExternalDependencies globalCacheInputs.hashOfInternalDependencies
globalCacheInputs.environmentVariables globalCacheInputs.engines
globalCacheInputs.environmentVariables.specified.env globalCacheInputs.environmentVariables.specified.passThroughEnv
globalCacheInputs.environmentVariables.configured globalCacheInputs.environmentVariables.inferred globalCacheInputs.environmentVariables.passthrough
scm.type scm.sha scm.branch
tasks.taskId tasks.task tasks.package tasks.hash tasks.inputs tasks.hashOfExternalDependencies tasks.cache tasks.command tasks.cliArguments
tasks.outputs tasks.excludedOutputs tasks.logFile tasks.directory tasks.dependencies tasks.dependents tasks.with tasks.resolvedTaskDefinition
tasks.expandedOutputs tasks.framework tasks.envMode tasks.environmentVariables
tasks.cache.local tasks.cache.remote tasks.cache.status tasks.cache.timeSaved
tasks.resolvedTaskDefinition.outputs tasks.resolvedTaskDefinition.cache tasks.resolvedTaskDefinition.dependsOn tasks.resolvedTaskDefinition.inputs
tasks.resolvedTaskDefinition.outputLogs tasks.resolvedTaskDefinition.persistent tasks.resolvedTaskDefinition.interruptible
tasks.resolvedTaskDefinition.env tasks.resolvedTaskDefinition.passThroughEnv tasks.resolvedTaskDefinition.interactive
tasks.environmentVariables.specified.env tasks.environmentVariables.specified.passThroughEnv
tasks.environmentVariables.configured tasks.environmentVariables.inferred tasks.environmentVariables.passthrough
`

func TestDryRunHasTurboreposFields(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range map[string]string{"go.work": "go 1.26.0\nuse ./a\n", "a/go.mod": "module example.com/a\ngo 1.26.0\n"} {
		full := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := pipeline.New(root, pipeline.Task{Name: "build", Commands: [][]string{{"true"}}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = p.Run(t.Context(), pipeline.Options{Tasks: []string{"build"}, Dry: true, DryJSON: true, Stdout: &out, Stderr: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	var written any
	if err := json.Unmarshal(out.Bytes(), &written); err != nil {
		t.Fatal(err)
	}
	for field := range strings.FieldsSeq(turborepoFields) {
		if !hasField(written, strings.Split(field, ".")) {
			t.Errorf("there is no %s", field)
		}
	}
}

// hasField reports whether a value, or the first of a list, has a field by that path.
func hasField(value any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	object, ok := value.(map[string]any)
	if !ok {
		return false
	}
	next, ok := object[path[0]]
	return ok && hasField(next, path[1:])
}
