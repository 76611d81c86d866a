package cli

import (
	"errors"
	"runtime"
	"strconv"
	"strings"
)

// The groups of flags, in the order of the help, which has their names as headings.
const (
	choosing  group = "What"   // which modules and tasks: every command that chooses takes them
	running   group = "How"    // how tasks are run
	caching   group = "Cache"  // what is taken from the cache, and stored there
	reporting group = "Output" // what is shown and written about a run
	showing   group = "Form"   // of commands that show something
	general   group = "Also"   // of everything
)

// flags are all there are. To add one: a line here that sets a field of [pipeline.Options]. The order is that of the help.
// A run of tasks takes the first four groups; which ones a command takes is said in commands.go.
var flags = []flag{
	{
		name: "filter", value: "modules", group: choosing, complete: completeModules,
		help: "in these modules: a name, folder or glob; x... and what it needs, ...x and what needs it, !x not; may be repeated",
		set:  func(s *settings, value string) error { s.Filter = append(s.Filter, value); return nil },
	},
	{
		name: "affected", value: "base", optional: true, group: choosing,
		help: "only what changed since the branch left base, and what depends on it",
		set: func(s *settings, value string) error {
			s.Affected, s.Base = true, value
			return nil
		},
	},
	{
		name: "concurrency", value: "n|n%", group: running, preset: "one a processor",
		help: "how many tasks run at once; 50% is half as many as there are processors",
		set:  setConcurrency,
	},
	{
		name: "dry", group: running,
		help: "say what would run, and run nothing",
		set:  toggle(func(s *settings) *bool { return &s.Dry }),
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
		name: "json", group: showing,
		help: "as JSON",
		set:  toggle(func(s *settings) *bool { return &s.json }),
	},
	{
		name: "svg", value: "file", group: showing, complete: completeFiles,
		help: "write a picture",
		set:  text(func(s *settings) *string { return &s.svg }),
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
