package peers_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/bench/internal/peers"
	"magpie.build/tools/bench/internal/synthetic"
)

var shape = synthetic.Shape{Modules: 12, Files: 20, Depth: 6, Deps: 3, Seed: 1}

// Other runners see the same modules with the same dependencies, and the same command.
func TestEveryRunnerHasTheSameTasks(t *testing.T) {
	t.Parallel()
	turbo, err := peers.Turbo(shape)
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Tasks map[string]struct{ Command []string }
	}
	if err := json.Unmarshal([]byte(turbo["turbo.json"]), &config); err != nil || !slices.Equal(config.Tasks["trivial"].Command, synthetic.Trivial) {
		t.Errorf("turbo.json: %s, %v", turbo["turbo.json"], err)
	}
	taskfile := peers.GoTask(shape)["Taskfile.yml"]
	if n := strings.Count(taskfile, synthetic.Trivial[2]); n != shape.Modules {
		t.Errorf("go-task has the command %d times, want %d", n, shape.Modules)
	}
	for _, m := range shape.Plan() {
		var pkg struct {
			Name         string
			Dependencies map[string]string
		}
		if err := json.Unmarshal([]byte(turbo[m.Name+"/package.json"]), &pkg); err != nil || len(pkg.Dependencies) != len(m.Deps) {
			t.Errorf("%s: %+v, %v; want the dependencies %v", m.Name, pkg, err, m.Deps)
		}
		if !strings.Contains(taskfile, "  "+pkg.Name+":\n    dir: "+m.Name+"\n") {
			t.Errorf("go-task has no task for %s", m.Name)
		}
	}
}
