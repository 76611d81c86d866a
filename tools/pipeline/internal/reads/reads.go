// Package reads finds out which files a program opens, with all that it starts: by strace, which needs no rights, on Linux.
package reads

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// ErrNone says that there is nothing on this system to watch programs with.
var ErrNone = errors.New("files that are opened are watched with strace, on Linux")

// Command returns a command that runs another one and writes what is opened to the file log.
func Command(log string, args ...string) ([]string, error) {
	if runtime.GOOS != "linux" {
		return nil, ErrNone
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		return nil, ErrNone
	}
	// -y shows the paths behind descriptors, and so needs no knowledge of folders; the filter leaves all other calls alone.
	own := []string{strace, "-f", "-qq", "-y", "-z", "--seccomp-bpf", "-s", "4096", "-e", "signal=none", "-e", "trace=open,openat,openat2", "-o", log, "--"}
	return append(own, args...), nil
}

// Opened returns the files that were opened for reading alone, and not written before, sorted.
func Opened(log string) ([]string, error) {
	text, err := os.ReadFile(log)
	if err != nil {
		return nil, err
	}
	return parse(text), nil
}

// Both are compiled when they are asked for: each run would do it otherwise, and few watch.
var (
	call   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d+) +(<\.\.\. )?open`) })
	result = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`= \d+<(/[^>]*)>$`) })
)

// parse reads strace's lines. A call that another process interrupted is two lines: the first has the flags, the second the path.
func parse(text []byte) []string {
	flags := make(map[string]string) // of calls that are not finished, by process
	written := make(map[string]bool)
	var opened []string
	for line := range bytes.Lines(text) {
		line := strings.TrimSpace(string(line))
		start := call().FindStringSubmatch(line)
		if start == nil {
			continue
		}
		process, rest := start[1], line
		if start[2] != "" {
			rest = flags[process] + line
			delete(flags, process)
		} else if strings.HasSuffix(line, "<unfinished ...>") {
			flags[process] = line
			continue
		}
		found := result().FindStringSubmatch(line)
		if found == nil {
			continue
		}
		name := found[1]
		writes := strings.Contains(rest, "O_WRONLY") || strings.Contains(rest, "O_RDWR") || strings.Contains(rest, "O_CREAT")
		switch {
		case writes:
			written[name] = true
		case !written[name] && !strings.Contains(rest, "O_DIRECTORY"):
			opened = append(opened, name)
		}
	}
	slices.Sort(opened)
	return slices.Compact(opened)
}
