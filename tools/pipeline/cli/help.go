package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
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
	command.flagHelp(out)
	return out.Flush()
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

func (c *command) flagHelp(w io.Writer) {
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
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", f.usage(), f.about())
	}
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
	if len(f.words) > 0 {
		about += ": " + strings.Join(f.words, ", ")
	}
	if f.preset != "" {
		about += " (without it: " + f.preset + ")"
	}
	return about
}
