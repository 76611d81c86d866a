package config

import "strings"

// The flags that every program has.
const (
	helpFlag    = "help"
	exampleFlag = "env-example"
	printFlag   = "print-config"
	fileFlag    = "config"
)

var reserved = []string{helpFlag, "h", exampleFlag, printFlag, fileFlag}

// A commandLine is what the arguments said.
type commandLine struct {
	values  layer
	special map[string]string // the package's own flags that were given
}

func (c commandLine) has(flag string) bool { _, ok := c.special[flag]; return ok }

// parseFlags reads -name=value, -name value and, for a bool, -name alone; two dashes are as good as one.
// The standard library's flag package is not used, as it ends at the first problem.
func parseFlags(args []string, fields []field) (commandLine, []Problem) {
	line := commandLine{values: layer{}, special: map[string]string{}}
	byFlag := map[string]field{}
	names := []string{helpFlag, exampleFlag, printFlag, fileFlag}
	for _, f := range fields {
		if f.Flag != "" {
			byFlag[f.Flag] = f
			names = append(names, f.Flag)
		}
	}

	var problems []Problem
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, text, hasText := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		if !strings.HasPrefix(arg, "-") || name == "" {
			problems = append(problems, Problem{Name: arg, Source: Source{Layer: Flag}, Expected: "not a flag; arguments are not taken"})
			continue
		}
		f, known := byFlag[name]
		own := ownFlag(name)
		alone := own != "" && own != fileFlag || known && f.Type == "bool"
		if !hasText && alone {
			text, hasText = "true", true
		}
		if !hasText && len(args) > 0 && (known || own != "" || !strings.HasPrefix(args[0], "-")) {
			text, hasText, args = args[0], true, args[1:]
		}
		source := Source{Layer: Flag, Place: "-" + name}
		switch {
		case own == "" && !known:
			problems = append(problems, unknownFlag(name, names, fields))
		case !hasText:
			problems = append(problems, Problem{Name: "-" + name, Source: source, Expected: "a value must follow"})
			line.values[f.Path] = input{source: source, failed: true}
		case own != "":
			line.special[own] = text
		default:
			line.values[f.Path] = input{text: text, source: source}
		}
	}
	return line, problems
}

func ownFlag(name string) string {
	switch name {
	case "h", helpFlag:
		return helpFlag
	case exampleFlag, printFlag, fileFlag:
		return name
	}
	return ""
}

func unknownFlag(name string, names []string, fields []field) Problem {
	p := Problem{Name: "-" + name, Source: Source{Layer: Flag}, Expected: "unknown flag"}
	for _, f := range fields {
		if f.Secret() && strings.EqualFold(strings.ReplaceAll(name, "-", "_"), f.Env) {
			p.Expected = "a secret has no flag; set " + f.Env + " or " + f.Env + "_FILE"
			return p
		}
	}
	if near := closest(name, names); near != "" {
		p.Suggestion = "-" + near
	}
	return p
}
