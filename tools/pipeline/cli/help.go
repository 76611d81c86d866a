package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"
)

// help writes what a command does and its flags; without a command or a task, all that can be named.
func (c *CLI) help(w io.Writer, command *command, words []string) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	switch {
	case command != runTasks:
		_, _ = fmt.Fprintf(out, "%s\n\n\t%s\n", command.help, strings.TrimSpace("magpie "+command.name+" "+command.words+" [flags]"))
	case len(words) == 0:
		c.overview(out)
		return out.Flush()
	default:
		c.taskHelp(out, words)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	command.flagHelp(w)
	return nil
}

// overview lists tasks and commands.
func (c *CLI) overview(w io.Writer) {
	_, _ = fmt.Fprintf(w, "Tasks: magpie task... [flags] [-- arguments]\n")
	for _, name := range c.taskNames() {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", name, c.taskLine(name))
	}
	_, _ = fmt.Fprintf(w, "\nCommands:\n")
	for _, command := range c.commands {
		if command.help == "" {
			continue
		}
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", command.name, command.help)
	}
	if others := c.otherTargets(); len(others) > 0 {
		_, _ = fmt.Fprintf(w, "\nTargets of the magefile:\n")
		for _, t := range others {
			_, _ = fmt.Fprintf(w, "  %s\t%s\n", t.name, t.help)
		}
	}
	_, _ = fmt.Fprintf(w, "\nmagpie task -h shows a task's flags, magpie command -h a command's.\n")
}

// otherTargets are those that are no task and no command.
func (c *CLI) otherTargets() []target {
	return slices.DeleteFunc(slices.Clone(c.targets), func(t target) bool { return c.takes(t.name) })
}

func (c *CLI) taskHelp(w io.Writer, words []string) {
	for _, word := range words {
		name := word[strings.LastIndexByte(word, '#')+1:]
		_, _ = fmt.Fprintf(w, "%s: %s\n", word, c.taskLine(name))
	}
	_, _ = fmt.Fprintf(w, "\n\tmagpie %s [tasks] [flags] [-- arguments]\n", strings.Join(words, " "))
}

// taskLine is the first help that a declaration of a task has.
func (c *CLI) taskLine(name string) string {
	for _, t := range c.tasks {
		if t.Name == name && t.Help != "" {
			return t.Help
		}
	}
	return ""
}

// flagHelp writes the flags by group, what they do in a column that fits the terminal.
func (c *command) flagHelp(w io.Writer) {
	indent := 0
	for i := range flags {
		if c.takes(&flags[i]) {
			indent = max(indent, len(flags[i].usage())+4)
		}
	}
	columns := width() - indent
	last := group("-")
	for i := range flags {
		f := &flags[i]
		if !c.takes(f) {
			continue
		}
		if f.group != last {
			_, _ = fmt.Fprintf(w, "\n%s:\n", f.group)
			last = f.group
		}
		for j, line := range wrap(f.about(), columns) {
			usage := ""
			if j == 0 {
				usage = "  " + f.usage()
			}
			_, _ = fmt.Fprintf(w, "%-*s%s\n", indent, usage, line)
		}
	}
}

// width is how many columns help may have: those of the terminal, as far as lines stay readable.
func width() int {
	if columns, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		return min(max(columns, 60), 120)
	}
	return 100
}

// wrap breaks a text into lines of at most so many columns, where its words allow that.
func wrap(text string, columns int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > columns {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// usage is how a flag is written.
func (f *flag) usage() string {
	switch {
	case f.isSwitch():
		return "-" + f.name
	case f.optional:
		return "-" + f.name + "[=" + f.value + "]"
	}
	return "-" + f.name + "=" + f.value
}

func (f *flag) about() string {
	about := f.help
	if slices.ContainsFunc(f.words, func(word string) bool { return !strings.Contains(f.help, word) }) {
		about += ": " + strings.Join(f.words, ", ")
	}
	if f.preset != "" {
		about += " (without it: " + f.preset + ")"
	}
	return about
}
