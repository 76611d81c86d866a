package cli

import (
	"fmt"
	"slices"
	"strings"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/internal/suggest"
)

// A flag is something that is written -name or --name, with a value behind "=" or as the next argument.
type flag struct {
	name string
	// value is what help calls the value. None means a switch: it is on, or what -name=false says.
	value string
	// optional says that the flag may stand without its value, which then has to come behind "=".
	optional bool
	// preset is what holds without the flag, as help tells it.
	preset string
	help   string
	group  group
	// words are the values that there are, complete says how the shell finds them where they depend on the workspace.
	words    []string
	complete completion
	// set takes a value over. A switch gets "true" or what follows "=", an optional value is empty where there is none.
	set func(s *settings, value string) error
}

// A group is flags that belong together: a command takes all of a group or none, and help shows them together.
type group string

// A completion says what a shell offers as the value of a flag.
type completion int

const (
	completeNothing completion = iota
	completeModules
	completeTasks
	completeInfo // modules and single tasks
	completeShells
	completeFiles
)

// settings are what the flags of one command line say.
type settings struct {
	pipeline.Options

	help bool
	json bool
	// exitCode makes the exit code an answer.
	exitCode bool

	form    pipeline.GraphForm // of the graph, empty where none is asked for
	drawing string             // the file it goes to, empty for the standard output
}

// A line is a command line that was read.
type line struct {
	settings

	words []string
	used  []*flag
}

func (f *flag) isSwitch() bool   { return f.value == "" }
func (f *flag) needsValue() bool { return f.value != "" && !f.optional }

// parse reads words and flags in any order. It does not know yet which of the flags the words allow.
func parse(args []string) (*line, error) {
	l := &line{}
	if i := slices.Index(args, "--"); i >= 0 {
		args, l.Args = args[:i], args[i+1:]
	}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, value, hasValue := cutFlag(arg)
		if name == "" {
			l.words = append(l.words, arg)
			continue
		}
		f := flagNamed(name)
		if f == nil {
			return nil, fmt.Errorf("there is no flag -%s%s", name, suggest.Hint("-"+name, flagNames()))
		}
		switch {
		case hasValue:
		case f.isSwitch():
			value = "true"
		case f.needsValue():
			if len(args) == 0 {
				return nil, fmt.Errorf("flag -%s: it needs a value: -%s=%s", name, name, f.value)
			}
			value, args = args[0], args[1:]
		}
		if err := f.set(&l.settings, value); err != nil {
			return nil, fmt.Errorf("flag -%s=%s: %w", name, value, err)
		}
		l.used = append(l.used, f)
	}
	return l, nil
}

// cutFlag takes an argument apart. The name is empty where it is no flag.
func cutFlag(arg string) (name, value string, hasValue bool) {
	if len(arg) < 2 || arg[0] != '-' {
		return "", "", false
	}
	return strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
}

func isHelp(arg string) bool {
	name, _, _ := cutFlag(arg)
	return name == "h" || name == "help"
}

// flagNamed returns a flag by its name or by the letter that stands for it.
func flagNamed(name string) *flag {
	switch name {
	case "F":
		name = "filter"
	case "h":
		name = "help"
	}
	for i := range flags {
		if flags[i].name == name {
			return &flags[i]
		}
	}
	return nil
}

func flagNames() []string {
	var names []string
	for _, f := range flags {
		names = append(names, "-"+f.name)
	}
	slices.Sort(names)
	return names
}
