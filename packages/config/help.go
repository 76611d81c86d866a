package config

import (
	"fmt"
	"strings"
)

// EnvExample returns the settings as a file of variables, every optional one commented out at its
// default.
func (d Description) EnvExample() string {
	var b strings.Builder
	for i, s := range d.Settings {
		if i > 0 {
			b.WriteByte('\n')
		}
		writeLines(&b, "# ", s.Doc)
		writeLines(&b, "# ", sentence(s))
		if !s.Required || s.Repeated {
			b.WriteByte('#')
		}
		fmt.Fprintf(&b, "%s=%s\n", s.Env, s.Default)
	}
	return b.String()
}

func (d Description) help(o Options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s [flags]\n", o.Name)
	if d.Doc != "" {
		fmt.Fprintf(&b, "\n%s\n", d.Doc)
	}
	fmt.Fprintf(&b, "\nA flag overrides the environment, which overrides the file, which overrides the default.\n"+
		"The file is TOML; its keys are the flags' names with _ for -, or a table for a group.\n\n")
	for _, s := range d.Settings {
		if s.Flag != "" {
			fmt.Fprintf(&b, "  -%s, ", s.Flag)
		} else {
			b.WriteString("  ")
		}
		fmt.Fprintf(&b, "%s\n", s.Env)
		writeLines(&b, "        ", s.Doc)
		writeLines(&b, "        ", sentence(s))
	}
	fmt.Fprintf(&b, "\n  -%s, %s\n        The file to read.\n", fileFlag, o.fileVariable())
	fmt.Fprintf(&b, "  -%s\n        Print every value and where it came from, secrets masked, and end.\n", printFlag)
	fmt.Fprintf(&b, "  -%s\n        Print all variables in the form of an .env file, and end.\n", exampleFlag)
	fmt.Fprintf(&b, "  -%s\n        Print this page, and end.\n", helpFlag)
	return b.String()
}

// sentence says what a setting accepts and what it is by itself.
func sentence(s Setting) string {
	text := strings.ToUpper(s.Accepts[:1]) + s.Accepts[1:]
	switch {
	case s.Required:
		text += "; required"
	case s.Default != "":
		text += "; default " + s.Default
	}
	if s.Secret() {
		text += "; or " + s.Env + "_FILE names a file that holds it"
	}
	return text + "."
}

func writeLines(b *strings.Builder, indent, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(strings.TrimRight(indent+line, " ") + "\n")
	}
}
