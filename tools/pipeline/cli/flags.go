package cli

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/internal/suggest"
)

// The groups of flags, in the order of the help, which has their names as headings.
const (
	choosing  group = "What"   // which modules and tasks: every command that chooses takes them
	running   group = "How"    // how tasks are run
	caching   group = "Cache"  // what is taken from the cache, and stored there
	reporting group = "Output" // what is shown and written about a run
	showing   group = "Form"   // of commands that show something
	answering group = "Answer" // of commands that answer a question by their exit code
	encoding  group = "Data"   // of what can be read by programs
	general   group = "Also"   // of everything
)

// flags are all there are. To add one: a line here that sets a field of [pipeline.Options]. The order is that of the help.
// A run of tasks takes the first four groups; which ones a command takes is said in commands.go.
var flags = []flag{
	{
		name: "filter", value: "modules", group: choosing, complete: completeModules,
		help: "in these modules, or these tasks of them: a name, glob, ./folder, tag:x or [revision]; x... and what it needs, ...x and what needs it, !x not; may be repeated",
		set:  func(s *settings, value string) error { s.Filter = append(s.Filter, value); return nil },
	},
	{
		name: "affected", value: "base", optional: true, group: choosing,
		help: "only what changed since the branch left base, and what depends on it",
		set: func(s *settings, value string) error {
			s.Affected, s.Base = true, cmp.Or(value, s.Base)
			return nil
		},
	},
	{
		name: "base", value: "revision", group: choosing, preset: "of a pull request, else main or master",
		help: "what -affected compares with",
		set:  text(func(s *settings) *string { return &s.Base }),
	},
	{
		name: "head", value: "revision", group: choosing, preset: "the working tree",
		help: "what -affected compares with where it left base",
		set:  text(func(s *settings) *string { return &s.Head }),
	},
	{
		name: "only", group: choosing,
		help: "without what they depend on",
		set:  toggle(func(s *settings) *bool { return &s.Only }),
	},
	{
		name: "concurrency", value: "n|n%", group: running, preset: "one a processor",
		help: "how many tasks run at once; 50% is half as many as there are processors",
		set:  setConcurrency,
	},
	{
		name: "continue", value: "mode", optional: true, group: running, preset: "never", words: asWords(continues),
		help: "after a failure: never; dependencies-successful, all that does not depend on it; always, everything; -continue alone is always",
		set:  oneOf(continues, pipeline.ContinueAlways, func(s *settings) *pipeline.Continue { return &s.Continue }),
	},
	{
		name: "dry", value: "form", optional: true, group: running, preset: "text", words: []string{"text", "json"},
		help: "say what would run, and run nothing",
		set: func(s *settings, value string) error {
			switch value {
			case "", "text", "true":
				s.Dry = true
			case "json":
				s.Dry, s.DryJSON = true, true
			case "false":
				s.Dry = false
			default:
				return errors.New("it is text or json")
			}
			return nil
		},
	},
	{
		name: "graph", value: "file", optional: true, group: running, complete: completeFiles,
		help: "draw what would run, and run nothing: as DOT, or to a file that ends in .dot, .mermaid, .svg, .html or .json",
		set: func(s *settings, value string) (err error) {
			s.form, s.drawing = pipeline.GraphDOT, value
			if value != "" {
				s.form, err = pipeline.GraphFormOf(value)
			}
			return err
		},
	},
	{
		name: "frozen", group: running,
		help: "fail where committed outputs are not fresh",
		set:  toggle(func(s *settings) *bool { return &s.Frozen }),
	},
	{
		name: "force", group: caching,
		help: "run even what is in the cache",
		set:  toggle(func(s *settings) *bool { return &s.Force }),
	},
	{
		name: "undeclared", group: caching,
		help: "fail tasks that read files of the workspace which they do not declare (with strace, on Linux)",
		set:  toggle(func(s *settings) *bool { return &s.Undeclared }),
	},
	{
		name: "verify", value: "share", group: caching,
		help: "run a share of what is cached again, such as 5%, and fail where it makes something else",
		set: func(s *settings, value string) error {
			percent, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
			if err != nil || percent < 0 || percent > 100 {
				return errors.New("it is a percentage, such as 5%")
			}
			s.Verify = percent / 100
			return nil
		},
	},
	{
		name: "cache", value: "rights", group: caching, preset: "local:rw", words: []string{"local:rw", "local:r", "local:w", "local:"},
		help: "read from the cache (r), write to it (w), both or neither",
		set:  text(func(s *settings) *string { return &s.Cache }),
	},
	{
		name: "outputlogs", value: "mode", group: reporting, preset: "new-only", words: asWords(outputLogs),
		help: "show the output of all tasks (full), of those that ran (new-only), that failed (errors-only), their keys (hash-only), or none",
		set:  oneOf(outputLogs, "", func(s *settings) *pipeline.OutputLogs { return &s.OutputLogs }),
	},
	{
		name: "log-order", value: "order", group: reporting, preset: "auto", words: asWords(logOrders),
		help: "show output line by line (stream) or task by task (grouped); auto groups in CI",
		set:  oneOf(logOrders, "", func(s *settings) *pipeline.LogOrder { return &s.LogOrder }),
	},
	{
		name: "log-prefix", value: "prefix", group: reporting, preset: "auto", words: asWords(logPrefixes),
		help: "put the task before each line (task) or not (none); auto does where no heading names it",
		set:  oneOf(logPrefixes, "", func(s *settings) *pipeline.LogPrefix { return &s.LogPrefix }),
	},
	{
		name: "logfile", value: "file", optional: true, group: reporting, complete: completeFiles,
		help: "write everything to a file, as a JSON array of events; without a name to .magpie/logs",
		set:  file(func(s *settings) *string { return &s.LogFile }),
	},
	{
		name: "summarize", group: reporting,
		help: "keep what the run did as JSON in .magpie/runs",
		set:  toggle(func(s *settings) *bool { return &s.Summarize }),
	},
	{
		name: "profile", value: "file", optional: true, group: reporting, complete: completeFiles,
		help: "write when each task ran, for chrome://tracing and Perfetto; without a name to .magpie/runs",
		set:  file(func(s *settings) *string { return &s.Profile }),
	},
	{
		name: "exit-code", group: answering,
		help: "end with 1 where something is affected, 0 where nothing is, 2 after an error",
		set:  toggle(func(s *settings) *bool { return &s.exitCode }),
	},
	{
		name: "json", group: encoding,
		help: "as JSON",
		set:  toggle(func(s *settings) *bool { return &s.json }),
	},
	{
		name: "mermaid", group: showing,
		help: "as a flowchart for Mermaid",
		set: func(s *settings, _ string) error {
			s.form = pipeline.GraphMermaid
			return nil
		},
	},
	{
		name: "svg", value: "file", group: showing, complete: completeFiles,
		help: "write a picture",
		set:  drawTo(pipeline.GraphSVG),
	},
	{
		name: "html", value: "file", group: showing, complete: completeFiles,
		help: "write a page with the picture and a list",
		set:  drawTo(pipeline.GraphHTML),
	},
	{
		name: "help", group: general,
		help: "show this",
		set:  toggle(func(s *settings) *bool { return &s.help }),
	},
}

// toggle sets a switch.
func toggle(field func(*settings) *bool) func(*settings, string) error {
	return func(s *settings, value string) error {
		on, err := strconv.ParseBool(value)
		if err != nil {
			return errors.New("it is true or false")
		}
		*field(s) = on
		return nil
	}
}

// text sets a string.
func text(field func(*settings) *string) func(*settings, string) error {
	return func(s *settings, value string) error {
		*field(s) = value
		return nil
	}
}

// file sets the name of a file; without one the run finds a name.
func file(field func(*settings) *string) func(*settings, string) error {
	return func(s *settings, value string) error {
		*field(s) = cmp.Or(value, "auto")
		return nil
	}
}

// The words that the modes of a run go by.
var (
	continues   = []pipeline.Continue{pipeline.ContinueNever, pipeline.ContinueDependenciesSuccessful, pipeline.ContinueAlways}
	outputLogs  = []pipeline.OutputLogs{pipeline.OutputFull, pipeline.OutputHashOnly, pipeline.OutputNewOnly, pipeline.OutputErrorsOnly, pipeline.OutputNone}
	logOrders   = []pipeline.LogOrder{pipeline.OrderStream, pipeline.OrderGrouped, pipeline.OrderAuto}
	logPrefixes = []pipeline.LogPrefix{pipeline.PrefixTask, pipeline.PrefixNone, pipeline.PrefixAuto}
)

func asWords[W ~string](all []W) []string {
	var list []string
	for _, w := range all {
		list = append(list, string(w))
	}
	return list
}

// oneOf sets a mode; the flag alone, where it may stand so, means bare.
func oneOf[W ~string](all []W, bare W, field func(*settings) *W) func(*settings, string) error {
	return func(s *settings, value string) error {
		mode := cmp.Or(W(value), bare)
		if !slices.Contains(all, mode) {
			return fmt.Errorf("want one of %s%s", strings.Join(asWords(all), ", "), suggest.Hint(value, asWords(all)))
		}
		*field(s) = mode
		return nil
	}
}

// drawTo draws the graph to the file that the value names.
func drawTo(form pipeline.GraphForm) func(*settings, string) error {
	return func(s *settings, value string) error {
		s.form, s.drawing = form, value
		return nil
	}
}

func setConcurrency(s *settings, value string) error {
	digits, percent := strings.CutSuffix(value, "%")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 {
		return errors.New("want a number of tasks from 1 on, or a share of the processors such as 50%")
	}
	if percent {
		n = max(1, runtime.GOMAXPROCS(0)*n/100)
	}
	s.Concurrency = n
	return nil
}
