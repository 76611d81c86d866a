package pipeline_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var crowdModules = flag.Int("crowd", 40, "how many modules TestNothingIsLeftBehind has; 300 is its long form")

// A run of many tasks, 20 at once, leaves no goroutine, process or descriptor behind, and its lines are whole: when all goes well, when
// everything is cached, when tasks fail, and when it is cancelled. Each task starts a process that would outlive it.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{"go.work": "go 1.26.0\n"}
	for m := range *crowdModules {
		name := fmt.Sprintf("m%d", m)
		files["go.work"] += "use ./" + name + "\n"
		files[name+"/go.mod"] = "module example.com/" + name + "\ngo 1.26.0\n"
		if m > 0 && m%3 == 0 {
			files[name+"/go.mod"] += fmt.Sprintf("require example.com/m%d v0.0.0\nreplace example.com/m%d => ../m%d\n", m-1, m-1, m-1)
		}
	}
	write(t, dir, files)
	cmd := command(t, dir, strconv.Itoa(*crowdModules))
	cmd.Path = filepath.Join(filepath.Dir(cmd.Path), "crowd")
	cmd.Args[0] = cmd.Path
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, cmd.Path); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	whole := regexp.MustCompile(`^(m\d+)#(\w+): (m\d+) (out|err) 0123456789$`)
	cut := regexp.MustCompile(`^(m\d+)#bad: (.*)$`) // one that is killed may not get to the end of its line
	lines := 0
	for line := range strings.Lines(stdout.String()) {
		line = strings.TrimSuffix(line, "\n")
		if at := cut.FindStringSubmatch(line); at != nil && (strings.HasPrefix(at[1]+" out 0123456789", at[2]) || strings.HasPrefix(at[1]+" err 0123456789", at[2])) {
			lines++
			continue
		}
		at := whole.FindStringSubmatch(line)
		if at == nil || at[1] != at[3] {
			t.Fatalf("torn line %q", line)
		}
		lines++
	}
	if want := *crowdModules * 5 * 20; lines < want {
		t.Errorf("%d lines of output, want at least %d", lines, want)
	}
}
