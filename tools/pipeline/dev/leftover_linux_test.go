package dev_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestNoProcessIsLeft(t *testing.T) {
	t.Parallel()
	h := supervise(t, options(newWorkspace(t)))
	pids := strings.Fields(h.get(h.link("one")+"/processes") + " " + h.get(h.link("two")+"/processes"))
	h.stop()
	for _, pid := range pids {
		// An app's own child is killed by then, and dies when the machine comes round to it.
		h.until("the end of process "+pid, func() bool { return !runs(t, pid) })
	}
	if left, err := filepath.Glob(filepath.Join(h.root, ".magpie", "dev", "bin", "*")); err != nil || len(left) > 0 {
		t.Errorf("binaries are left: %v, %v", left, err)
	}
}

func TestKilledSupervisorTakesTheAppsAlong(t *testing.T) {
	t.Parallel()
	root := newWorkspace(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, root: root, out: &transcript{}}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "DEV_TEST_ROOT="+root)
	cmd.Stdout, cmd.Stderr = h.out, h.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids := strings.Fields(h.get(h.link("one") + "/processes"))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	h.until("the app to end", func() bool { return !runs(t, pids[0]) })
	// The app's own child is beyond what Linux ends for us.
	helper, _ := strconv.Atoi(pids[1])
	_ = syscall.Kill(helper, syscall.SIGKILL)
	_ = cmd.Wait()
}

// runs says whether a process exists and is no zombie.
func runs(t *testing.T, pid string) bool {
	t.Helper()
	status, err := os.ReadFile("/proc/" + pid + "/stat")
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), ") ")
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}
