package pipeline

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/output"
)

// newPrinter returns what shows a run. file may be nil.
func newPrinter(o Options, file *output.File) *output.Printer {
	env := variable(o.Env)
	grouped := o.LogOrder == OrderGrouped || o.LogOrder != OrderStream && output.CI(env)
	return output.New(output.Options{
		Out: o.Stdout, Err: o.Stderr, Env: env, Grouped: grouped, Bare: o.LogPrefix == PrefixNone,
		Tagged: o.LogPrefix == PrefixTask, Events: o.JSON, File: file,
	})
}

// openLogFile makes the file that takes the run's events, nil where none is asked for.
func (p *Pipeline) openLogFile(o Options) (*output.File, error) {
	name := o.LogFile
	switch name {
	case "":
		return nil, nil
	case auto:
		prune(filepath.Join(p.state, "logs"))
		name = filepath.Join(p.state, "logs", strconv.FormatInt(time.Now().UnixMilli(), 10)+".json")
	}
	name, err := p.inside(name)
	if err != nil {
		return nil, fmt.Errorf("log file: %w", err)
	}
	return output.CreateFile(name)
}

// closeLogFile closes the file that takes the run's events, if there is one.
func closeLogFile(file *output.File, printer *output.Printer) {
	if file == nil {
		return
	}
	if err := file.Close(); err != nil {
		printer.Warn("the log file is not complete: %v", err)
	}
}

// auto as the name of a file stands for one below .magpie that tells runs apart.
const auto = "auto"

// inside returns the absolute name of a file in the workspace whose folder exists, made where need be.
func (p *Pipeline) inside(name string) (string, error) {
	root := p.workspace.Root
	if !filepath.IsAbs(name) {
		name = filepath.Join(root, filepath.FromSlash(name))
	}
	if rel, err := filepath.Rel(root, name); err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s lies outside the workspace %s", name, root)
	}
	return name, os.MkdirAll(filepath.Dir(name), 0o750)
}

// outputLogs is how much a task shows.
func (s *session) outputLogs(n *node) OutputLogs {
	return cmp.Or(s.options.OutputLogs, n.OutputLogs, OutputNewOnly)
}

// announce says that a task runs, and with what.
func (s *session) announce(n *node, key hash.Key) {
	s.sayChanged()
	mode := s.outputLogs(n)
	if mode == OutputFull || mode == OutputHashOnly {
		why := "cache miss, executing"
		if n.Uncached || s.options.Force {
			why = "cache bypass, force executing"
		}
		s.printer.Tell(n.id, "%s %s", why, key.Short())
	}
	if n.Func != nil {
		s.explainStart(n, "%s", cmp.Or(n.Help, "runs"))
	} else {
		s.explainStart(n, "$ %s", n.what())
	}
}

// explainStart says something about what a task is about to do, where its output is shown.
func (s *session) explainStart(n *node, format string, args ...any) {
	if mode := s.outputLogs(n); mode == OutputFull || mode == OutputNewOnly {
		s.printer.Tell(n.id, format, args...)
	}
}

// log takes a task's output while it runs.
func (s *session) log(n *node, shown output.Shown) *output.Log {
	if mode := s.outputLogs(n); mode != OutputFull && mode != OutputNewOnly {
		shown |= output.Hidden
	}
	return s.printer.Log(n.id, shown)
}

// replay shows a task that comes from the cache.
func (s *session) replay(n *node, key hash.Key, log []byte) {
	switch s.outputLogs(n) {
	case OutputFull:
		s.printer.Tell(n.id, "cache hit, replaying logs %s", key.Short())
		s.printer.Replay(n.id, log)
	case OutputHashOnly:
		s.printer.Tell(n.id, "cache hit, suppressing logs %s", key.Short())
	case OutputNewOnly, OutputErrorsOnly, OutputNone:
	}
}
