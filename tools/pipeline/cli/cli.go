// Package cli is the command line of a workspace's pipeline: the flags of every task, and the commands that come with
// the package, such as graph. It is the same whether a task is started by mage or by the launcher magpie.
//
// A magefile says what its tasks are and lets the package take the flags, then runs a task by name:
//
//	var magpie = cli.Take(&os.Args, tasks()...)
//
//	// Build compiles every module.
//	func Build(ctx context.Context) error { return magpie.Run(ctx, "build") }
//
//	// Magpie runs any task or command by name.
//	func Magpie(ctx context.Context) error { return magpie.Run(ctx) }
//
// # Why the flags are taken out of os.Args
//
// The main function that mage generates reads every word as a target, one after the other, and knows flags only as
// pointer parameters of the function that a target is: twenty flags would be twenty parameters of every function, none of
// them can be repeated, and "mage build test" is two runs, not one. A package-level variable is initialised before main
// starts. So [Take] leaves main the first word and keeps what follows, when that word is a task or a command; the function
// it names then runs with all of it. Any other command line is left to mage as it is.
//
// Flags are declared in one table, in flags.go.
package cli

import (
	"context"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"magpie.build/tools/pipeline"
)

// A CLI is one command line and the tasks that it can name.
type CLI struct {
	declared []pipeline.Declaration
	tasks    []pipeline.Task // those of declared
	commands []*command
	// word is the one that mage looks for a target by, args all else but mage's own flags.
	word  string
	args  []string
	taken bool
	// folder and targets are what the launcher says, see launched.go.
	folder  string
	targets []target
}

// anything is the word that stands for every task and command, so that one target is enough for those without their own.
const anything = "magpie"

// Take takes what belongs to a task or a command out of a process's arguments, whose first names the program, and leaves
// the word that mage finds the target by. Arguments that name no task or command first stay as they are.
func Take(args *[]string, declarations ...pipeline.Declaration) *CLI {
	c := &CLI{declared: declarations, commands: commands}
	for _, d := range declarations {
		if t, ok := d.(pipeline.Task); ok {
			c.tasks = append(c.tasks, t)
		}
	}
	own, rest := splitMage((*args)[1:])
	c.word, c.args = cutWord(rest)
	c.folder, c.targets = launched()
	switch {
	case (c.word != "" || len(c.args) > 0) && c.targetNamed(anything) && !c.targetNamed(c.word): // mage would find no target
		c.taken = true
		*args = slices.Concat((*args)[:1], own, []string{anything})
	case c.takes(c.word):
		c.taken = true
		*args = slices.Concat((*args)[:1], own, []string{c.word})
	case c.word != "" && len(c.args) == 1 && isHelp(c.args[0]): // mage wants its -h in front
		*args = []string{(*args)[0], "-h", c.word}
	}
	return c
}

// garbage is how much may lie about, in percent of what is in use, before it is collected. Most runs are over before that
// would pay: it saves a tenth of the time where nothing has changed, and takes a few megabytes.
const garbage = 300

// Run does what args say, followed by what was taken from the command line: tasks, or one command, and flags. Without
// args it is the whole command line that says, and where that is empty, tasks and commands are listed.
func (c *CLI) Run(ctx context.Context, args ...string) error {
	switch {
	case len(args) > 0 && c.taken:
		args = slices.Concat(args, c.args)
	case len(args) == 0 && (c.word == "" || c.word == anything):
		args = c.args
	case len(args) == 0:
		args = slices.Concat([]string{c.word}, c.args)
	}
	line, err := parse(args)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	command, words := c.command(line.words)
	if line.help && line.json {
		return writeJSON(c.reference())
	}
	if line.help || len(line.words)+len(line.used) == 0 {
		return c.help(os.Stdout, command, words)
	}
	if err := command.accepts(line); err != nil {
		return err
	}
	return command.run(ctx, c, &line.settings, words)
}

// open reads the workspace in the current folder, where a magefile runs, and joins the tasks to it.
func (c *CLI) open() (*pipeline.Pipeline, error) { return pipeline.New(".", c.declared...) }

// takes reports whether what follows a word belongs to this package.
func (c *CLI) takes(word string) bool {
	word = strings.ToLower(word)
	return word == anything || strings.Contains(word, "#") || c.commandNamed(word) != nil || slices.Contains(c.taskNames(), word)
}

func (c *CLI) taskNames() []string {
	var names []string
	for _, t := range c.tasks {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// splitMage divides leading flags of mage's main, which are -l, -v and -t with its value, from what follows them.
func splitMage(args []string) (mage, rest []string) {
	for i := 0; i < len(args); i++ {
		switch name, _, hasValue := cutFlag(args[i]); {
		case name == "l" || name == "v":
		case name == "t" && (hasValue || i+1 == len(args)):
		case name == "t":
			i++
		default:
			return args[:i], args[i:]
		}
	}
	return args, nil
}

// cutWord takes the first word out of arguments, which may have flags before it. Without a word it returns none.
func cutWord(args []string) (word string, rest []string) {
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		name, _, hasValue := cutFlag(args[i])
		if name == "" {
			return args[i], slices.Concat(args[:i], args[i+1:])
		}
		if f := flagNamed(name); f != nil && !hasValue && f.needsValue() {
			i++
		}
	}
	return "", args
}
