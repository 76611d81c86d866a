package gotest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// An Observer is a folder in which test programs leave what they read and covered.
type Observer struct{ dir string }

// shell runs the script below. Where there is none, nothing can be observed.
const shell = "/bin/sh"

// script runs a test program with the flag that makes it log what it reads. It is the value of -exec, for the go
// command sets that flag only where it means to keep the result itself.
const script = `own='%s'/$$
printf %%s "$PWD" >"$own.dir"
program=$1
shift
profile=
for arg; do
	case $arg in -test.coverprofile=*) profile=${arg#*=} ;; esac
done
if [ -z "$profile" ]; then
	exec "$program" -test.testlogfile="$own.log" "$@"
fi
"$program" -test.testlogfile="$own.log" "$@"
code=$?
cp "$profile" "$own.cover" 2>/dev/null
exit $code
`

// CanObserve reports whether test programs can be observed on this system.
func CanObserve() bool {
	if runtime.GOOS == "windows" {
		return false
	}
	_, err := os.Stat(shell)
	return err == nil
}

// Observe makes an observer in the folder dir. Close removes it.
func Observe(dir string) (*Observer, error) {
	if strings.ContainsAny(dir, `'"`) {
		return nil, fmt.Errorf("observe tests: the folder %s has a quote in its name", dir)
	}
	dir, err := os.MkdirTemp(dir, "tests-*")
	if err != nil {
		return nil, fmt.Errorf("observe tests: %w", err)
	}
	o := &Observer{dir: dir}
	if err := os.WriteFile(o.script(), fmt.Appendf(nil, script, dir), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("observe tests: %w", err), o.Close())
	}
	return o, nil
}

// Close removes what was observed.
func (o *Observer) Close() error { return os.RemoveAll(o.dir) }

func (o *Observer) script() string { return filepath.Join(o.dir, "run") }

// Exec is the value of the go command's flag -exec.
func (o *Observer) Exec() string { return fmt.Sprintf("%s '%s'", shell, o.script()) }

// An Observation is what the tests of one package read and covered.
type Observation struct {
	// Reads are what they read, sorted.
	Reads []Read
	// Profile is their coverage profile, empty where none was asked for.
	Profile []byte
}

// A Read is one thing that a test program asked the system for.
type Read struct {
	// Kind is "getenv", "open" or "stat".
	Kind string
	// Name is the variable's name, or an absolute path.
	Name string
}

// Observed returns what was observed of each package, by its folder. Of one that logged nothing, because its tests did not
// run to their end, there is nothing.
func (o *Observer) Observed() (map[string]Observation, error) {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return nil, fmt.Errorf("read what tests read: %w", err)
	}
	observed := make(map[string]Observation)
	for _, entry := range entries {
		own, ok := strings.CutSuffix(filepath.Join(o.dir, entry.Name()), ".log")
		if !ok {
			continue
		}
		folder, err := os.ReadFile(own + ".dir")
		if err != nil {
			return nil, fmt.Errorf("read what tests read: %w", err)
		}
		text, err := os.ReadFile(own + ".log")
		if err != nil {
			return nil, fmt.Errorf("read what tests read: %w", err)
		}
		profile, err := os.ReadFile(own + ".cover")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read what tests covered: %w", err)
		}
		if reads, ok := ParseLog(string(folder), string(text)); ok {
			observed[string(folder)] = Observation{reads, profile}
		}
	}
	return observed, nil
}

// ParseLog reads the log of a test program that started in the folder dir. It reports false where the log is none.
func ParseLog(dir, text string) ([]Read, bool) {
	text, ok := strings.CutPrefix(text, "# test log\n")
	if !ok || text != "" && !strings.HasSuffix(text, "\n") {
		return nil, false
	}
	var reads []Read
	for line := range strings.Lines(text) {
		kind, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok {
			return nil, false
		}
		switch kind {
		case "getenv":
			reads = append(reads, Read{kind, name})
		case "chdir", "open", "stat":
			if !filepath.IsAbs(name) {
				name = filepath.Join(dir, name)
			}
			if kind == "chdir" {
				dir = name
				continue
			}
			reads = append(reads, Read{kind, filepath.Clean(name)})
		default:
			return nil, false
		}
	}
	slices.SortFunc(reads, func(a, b Read) int { return strings.Compare(a.Kind+" "+a.Name, b.Kind+" "+b.Name) })
	return slices.Compact(reads), true
}
