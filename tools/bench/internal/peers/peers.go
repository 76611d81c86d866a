// Package peers prepares what the pipeline is measured against: other runners' programs, and the files that make the same
// workspace theirs.
package peers

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"magpie.build/tools/bench/internal/synthetic"
)

// Turbo returns the files that make a workspace one of Turborepo in its package.json mode.
func Turbo(s synthetic.Shape) (map[string]string, error) {
	files := make(map[string]string)
	add := func(name string, content map[string]any) error {
		data, err := json.MarshalIndent(content, "", "  ")
		files[name] = string(data) + "\n"
		return err
	}
	workspaces := []string{"apps/*", "packages/*"}
	err := add("package.json", map[string]any{"name": "synthetic", "private": true, "packageManager": "npm@10.0.0", "workspaces": workspaces})
	if err != nil {
		return nil, err
	}
	err = add("package-lock.json", map[string]any{
		"name": "synthetic", "lockfileVersion": 3, "requires": true,
		"packages": map[string]any{"": map[string]any{"name": "synthetic", "workspaces": workspaces}},
	})
	if err != nil {
		return nil, err
	}
	err = add("turbo.json", map[string]any{
		"futureFlags": map[string]any{"experimentalTaskCommand": true},
		"tasks": map[string]any{
			"trivial": map[string]any{"command": synthetic.Trivial, "dependsOn": []string{"^trivial"}, "outputs": []string{"out/**"}},
		},
	})
	if err != nil {
		return nil, err
	}
	for _, m := range s.Plan() {
		deps := make(map[string]string)
		for _, d := range m.Deps {
			deps[path.Base(d)] = "*"
		}
		if err := add(m.Name+"/package.json", map[string]any{"name": path.Base(m.Name), "version": "0.0.0", "dependencies": deps}); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// TurboGo returns the files that make a workspace one of Turborepo in its Go mode.
func TurboGo() map[string]string {
	return map[string]string{"turbo.json": `{
  "futureFlags": {"experimentalGoWorkspaces": true},
  "tasks": {"build": {"dependsOn": ["^build"]}}
}
`}
}

// GoTask returns the file that makes a workspace one of go-task.
func GoTask(s synthetic.Shape) map[string]string {
	var b strings.Builder
	b.WriteString("version: '3'\n\ntasks:\n  trivial:\n    deps:\n")
	plan := s.Plan()
	for _, m := range plan {
		fmt.Fprintf(&b, "      - %s\n", path.Base(m.Name))
	}
	for _, m := range plan {
		fmt.Fprintf(&b, "  %s:\n    dir: %s\n", path.Base(m.Name), m.Name)
		if len(m.Deps) > 0 {
			b.WriteString("    deps:\n")
		}
		for _, d := range m.Deps {
			fmt.Fprintf(&b, "      - %s\n", path.Base(d))
		}
		fmt.Fprintf(&b, "    method: checksum\n    sources: ['**/*.go', go.mod]\n    generates: [out/copy.txt]\n    cmds:\n      - %q\n", synthetic.Trivial[2])
	}
	return map[string]string{"Taskfile.yml": b.String()}
}
