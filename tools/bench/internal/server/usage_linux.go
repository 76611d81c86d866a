package server

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"
)

// usage reads /proc; see proc_pid_stat(5) and proc_pid_status(5).
func usage(pid int) (Usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("read the server's usage: %w", err)
	}
	// Fields are counted after the program's name, which may hold spaces and brackets.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const utime, stime, rss = 11, 12, 21
	if len(fields) <= rss {
		return Usage{}, fmt.Errorf("read the server's usage: %d fields in /proc/%d/stat", len(fields), pid)
	}
	var numbers [3]int64
	for i, field := range []int{utime, stime, rss} {
		if numbers[i], err = strconv.ParseInt(string(fields[field]), 10, 64); err != nil {
			return Usage{}, fmt.Errorf("read the server's usage: %w", err)
		}
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every platform that Go runs on
	return Usage{CPU: time.Duration(numbers[0]+numbers[1]) * tick, RSS: numbers[2] * int64(os.Getpagesize())}, nil
}

// Pin puts this process on the last core, and returns the commands that start servers on the first, and what belongs to
// the load on the last, so that load and servers do not take each other's time. It does nothing where there is one core or
// no taskset.
func Pin() (servers, load []string, pinned bool) {
	taskset, err := exec.LookPath("taskset")
	if err != nil || runtime.NumCPU() < 2 {
		return nil, nil, false
	}
	last := strconv.Itoa(runtime.NumCPU() - 1)
	self := exec.Command(taskset, "-a", "-c", "-p", last, strconv.Itoa(os.Getpid())) //nolint:noctx // returns at once
	if self.Run() != nil {
		return nil, nil, false
	}
	return []string{taskset, "-c", "0"}, []string{taskset, "-c", last}, true
}
