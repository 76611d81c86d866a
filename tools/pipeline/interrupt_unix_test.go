//go:build unix

package pipeline_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var kills = flag.Int("kills", 20, "how often TestKilledRunLeavesNothingWrong kills a run")

// command is this test binary as the program tasks.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tasks", "tool"} {
		if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "tasks"), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return cmd
}

// until waits for what is bound to happen.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !happened() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not happen within 20 s", what)
		}
	}
}

func TestSignalsEndWholeProcessGroups(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, map[string]string{
				"go.work": "go 1.26.0\nuse ./a\n", "a/go.mod": "module example.com/a\ngo 1.26.0\n",
				"tasks.json": `[{"Name": "build", "Outputs": ["out/**"], "Commands": [["tool", "copy", "out/half", "go.mod"], ["tool", "hang", "pids"]]}]`,
			})
			cmd := command(t, dir, "build")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var child, grandchild int
			until(t, "the start of the task", func() bool {
				data, err := os.ReadFile(filepath.Join(dir, "a/pids"))
				if err != nil {
					return false
				}
				n, err := fmt.Sscan(string(data), &child, &grandchild)
				return err == nil && n == 2
			})
			endsWithTest(t, child)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			err := cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 130 {
				t.Errorf("the run ended with %v, want exit code 130; it said:\n%s", err, &stderr)
			}
			for _, pid := range []int{child, grandchild} {
				until(t, "the end of what the task started", func() bool { return gone(pid) })
			}
			if found, _ := filepath.Glob(filepath.Join(dir, ".magpie/artifacts/[0-9a-f]*")); len(found) > 0 {
				t.Errorf("an interrupted task was stored: %v", found)
			}
		})
	}
}

// A run that is killed cannot end what it started: that is done for it, down to what its tasks have started.
func TestKilledRunTakesAllAlong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"go.work": "go 1.26.0\nuse ./a\nuse ./b\n", "a/go.mod": "module example.com/a\ngo 1.26.0\n", "b/go.mod": "module example.com/b\ngo 1.26.0\n",
		"tasks.json": `[{"Name": "build", "Commands": [["tool", "say"], ["sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $$ $! >pids; wait"]]}]`,
	})
	cmd := command(t, dir, "build")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var left []int
	for _, module := range []string{"a", "b"} {
		var child, grandchild int
		until(t, "the start of the task", func() bool {
			data, err := os.ReadFile(filepath.Join(dir, module, "pids"))
			if err != nil {
				return false
			}
			n, err := fmt.Sscan(string(data), &child, &grandchild)
			return err == nil && n == 2
		})
		endsWithTest(t, child)
		left = append(left, child, grandchild)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for _, pid := range left {
		until(t, "the end of what was started", func() bool { return gone(pid) })
	}
	guards := fmt.Sprintf("magpie-guard\x00%d\x00", cmd.Process.Pid)
	until(t, "the end of the guard", func() bool { return len(processes(guards)) == 0 })
}

// Servers stay up until the run is interrupted, which is no error then.
func TestServersEndWithTheRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"go.work": "go 1.26.0\nuse ./a\nuse ./b\n", "a/go.mod": "module example.com/a\ngo 1.26.0\n", "b/go.mod": "module example.com/b\ngo 1.26.0\n",
		"tasks.json": `[{"Name": "db", "Modules": ["a"], "Persistent": true, "Ready": {"Line": "hang"}, "Commands": [["tool", "hang", "pids"]]},
			{"Name": "dev", "Modules": ["b"], "DependsOn": ["a#db"], "Persistent": true, "Commands": [["tool", "rest", "up"]]},
			{"Name": "build", "Inputs": ["go.mod"], "Commands": [["tool", "say"]]}]`,
	})
	cmd := command(t, dir, "dev", "build")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var child, grandchild int
	until(t, "the start of the servers", func() bool {
		_, missing := os.Stat(filepath.Join(dir, "b/up"))
		data, err := os.ReadFile(filepath.Join(dir, "a/pids"))
		if err != nil || missing != nil {
			return false
		}
		n, err := fmt.Sscan(string(data), &child, &grandchild)
		return err == nil && n == 2
	})
	endsWithTest(t, child)
	artifacts := filepath.Join(dir, ".magpie/artifacts/[0-9a-f]*")
	until(t, "the end of what does end", func() bool {
		found, _ := filepath.Glob(artifacts)
		return len(found) == 2
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the run ended with %v, want no error", err)
	}
	if got := stderr.String(); !strings.Contains(got, "\n4 tasks: 0 cached, 4 run, 0 failed") {
		t.Errorf("the run said:\n%s", got)
	}
	for _, pid := range []int{child, grandchild} {
		until(t, "the end of the servers", func() bool { return gone(pid) })
	}
}

// endsWithTest kills the process group that a process leads when the test has failed, which then leaves nothing behind either.
func endsWithTest(t *testing.T, leader int) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			_ = syscall.Kill(-leader, syscall.SIGKILL)
		}
	})
}

// gone reports whether a process has ended, waited for or not.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(state), ") Z ")
}

// Whenever a run is killed, the next one makes what a clean build makes.
func TestKilledRunLeavesNothingWrong(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills many runs")
	}
	dir := t.TempDir()
	write(t, dir, killWorkspace())
	began := time.Now()
	runAll(t, dir)
	whole := time.Since(began)
	want := map[string]string{}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range *kills {
		text := fmt.Sprint("state ", round%3, "\n")
		write(t, dir, map[string]string{"m0/in.txt": text})
		if random.IntN(2) == 0 {
			if err := os.RemoveAll(filepath.Join(dir, "m1/out")); err != nil {
				t.Fatal(err)
			}
		}
		cmd := command(t, dir, "build")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		moment := time.After(time.Duration(random.Int64N(int64(whole))))
		<-moment
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		runAll(t, dir)
		got := outputsOf(t, dir)
		if want[text] == "" {
			clean := t.TempDir()
			write(t, clean, killWorkspace())
			write(t, clean, map[string]string{"m0/in.txt": text})
			runAll(t, clean)
			want[text] = outputsOf(t, clean)
		}
		if got != want[text] {
			t.Fatalf("round %d, seed %d: the outputs are\n%s\na clean build makes\n%s", round, seed, got, want[text])
		}
	}
}

// killWorkspace is a chain of modules, each of which copies what the one before made.
func killWorkspace() map[string]string {
	const modules = 6
	files := map[string]string{"go.work": "go 1.26.0\n", "m0/in.txt": "state\n"}
	var declared []string
	for i := range modules {
		mod := fmt.Sprintf("module example.com/m%d\ngo 1.26.0\n", i)
		from := "in.txt"
		if i > 0 {
			mod += fmt.Sprintf("require example.com/m%d v0.0.0\nreplace example.com/m%d => ../m%d\n", i-1, i-1, i-1)
			from = fmt.Sprintf("../m%d/out/result", i-1)
		}
		files["go.work"] += fmt.Sprintf("use ./m%d\n", i)
		files[fmt.Sprintf("m%d/go.mod", i)] = mod
		files[fmt.Sprintf("m%d/big.txt", i)] = strings.Repeat("a line of some length\n", 20_000)
		declared = append(declared, fmt.Sprintf(`{"Name": "build", "Modules": ["m%d"], "DependsOn": ["^build"], "Inputs": ["in.txt", "big.txt"],
			"Outputs": ["out/**"], "Commands": [["tool", "copy", "out/result", %q], ["tool", "copy", "out/big", "big.txt", %q]]}`, i, from, from))
	}
	files["tasks.json"] = "[" + strings.Join(declared, ",") + "]"
	return files
}

func runAll(t *testing.T, dir string) {
	t.Helper()
	if out, err := command(t, dir, "build").CombinedOutput(); err != nil {
		t.Fatalf("run: %v\n%s", err, out)
	}
}

// outputsOf says what lies in all output folders, by name, mode and content.
func outputsOf(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*/out/*"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		head := data[:min(40, len(data))]
		fmt.Fprintf(&all, "%s %v %d %q\n", strings.TrimPrefix(name, dir), info.Mode(), len(data), append(head, data[max(0, len(data)-40):]...))
	}
	return all.String()
}
