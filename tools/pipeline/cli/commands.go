package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/internal/suggest"
)

// A command is something to do: what no task is, or to run tasks.
type command struct {
	name string
	// words are what may follow the name, as help tells it.
	words string
	// help is empty where people need not know of it.
	help string
	// complete says how the shell finds what follows the name.
	complete completion
	// groups are those whose flags it takes.
	groups []group
	// arguments says that it takes those behind "--".
	arguments bool
	run       func(ctx context.Context, c *CLI, s *settings, words []string) error
}

// runTasks is the command where the words name none.
var runTasks = &command{
	words:     "tasks",
	groups:    []group{choosing, running, caching, reporting, encoding},
	arguments: true,
	run: func(ctx context.Context, c *CLI, s *settings, words []string) error {
		p, err := c.openFor(s, words)
		if err != nil {
			return err
		}
		if s.form != "" {
			return showGraph(ctx, c, s, words)
		}
		s.JSON, s.Fresh = s.json, true
		return p.Run(ctx, s.Options)
	},
}

// commands are those with a name, in the order of the help. A task of the same name goes before.
var commands = []*command{
	{
		name: "watch", words: "tasks", help: "run tasks, and again what a change concerns",
		groups:    []group{choosing, running, caching, reporting, encoding},
		complete:  completeTasks,
		arguments: true,
		run: func(ctx context.Context, c *CLI, s *settings, words []string) error {
			p, err := c.openFor(s, words)
			if err != nil {
				return err
			}
			s.JSON = s.json
			return p.Watch(ctx, s.Options)
		},
	},
	{
		name: "ls", help: "the modules",
		groups: []group{choosing, encoding},
		run:    listModules,
	},
	{
		name: "tasks", words: "[tasks]", help: "the tasks, and how many modules have them",
		groups:   []group{choosing, encoding},
		complete: completeTasks,
		run:      listTasks,
	},
	{
		name: "info", words: "[module | module#task]", help: "what is known of a module or a task",
		groups:   []group{encoding},
		complete: completeInfo,
		run:      showInfo,
	},
	{
		name: "query", words: "query", help: "answer a question about modules and tasks, written in JSON",
		run: runQuery,
	},
	{
		name: "affected", words: "[tasks]", help: "the tasks that a change reaches, and why",
		groups:   []group{choosing, answering, encoding},
		complete: completeTasks,
		run:      showAffected,
	},
	{
		name: "completion", words: "shell", help: "the script that completes tasks, modules and flags in bash, fish or zsh",
		complete: completeShells,
		run:      writeCompletion,
	},
	{
		name:      "complete", // what that script calls
		arguments: true,
		run:       complete,
	},
	{
		name: "why", words: "[tasks]", help: "what makes tasks run, or made them run the last time",
		groups:    []group{choosing, encoding},
		complete:  completeTasks,
		arguments: true,
		run:       showWhy,
	},
	{
		name: "graph", words: "[tasks]", help: "what depends on what, as DOT: of all tasks, or of some",
		groups:   []group{choosing, showing, encoding},
		complete: completeTasks,
		run:      showGraph,
	},
	{
		name: "clean", help: "remove what tasks made, and the cache",
		run: func(ctx context.Context, c *CLI, s *settings, _ []string) error {
			p, err := c.open()
			if err != nil {
				return err
			}
			return p.Clean(ctx, s.Options)
		},
	},
}

// showGraph draws the tasks that the words name, all of them without words: on the standard output, or to a file in the form of its ending.
func showGraph(ctx context.Context, c *CLI, s *settings, words []string) error {
	p, err := c.open()
	if err != nil {
		return err
	}
	c.stand(s, p)
	s.Tasks = words
	g, err := p.Graph(ctx, s.Options)
	if err != nil {
		return err
	}
	form := cmp.Or(s.form, pipeline.GraphDOT)
	if s.json {
		form = pipeline.GraphJSON
	}
	text, err := g.Draw(form)
	if err != nil {
		return err
	}
	if s.drawing != "" {
		return os.WriteFile(s.drawing, []byte(text), 0o644)
	}
	_, err = os.Stdout.WriteString(text)
	return err
}

// command returns the command that words name, and the words that are left for it.
func (c *CLI) command(words []string) (*command, []string) {
	if len(words) > 0 && !slices.Contains(c.taskNames(), words[0]) {
		if named := c.commandNamed(words[0]); named != nil {
			return named, words[1:]
		}
	}
	return runTasks, words
}

// openFor opens the pipeline for tasks that words name, seen from where one stands.
func (c *CLI) openFor(s *settings, words []string) (*pipeline.Pipeline, error) {
	p, err := c.open()
	if err != nil {
		return nil, err
	}
	if err := c.knowsTasks(words); err != nil {
		return nil, err
	}
	c.stand(s, p)
	s.Tasks = words
	return p, nil
}

// knowsTasks complains about the first of the words that is no task, naming what comes near it among all that there is.
func (c *CLI) knowsTasks(words []string) error {
	tasks := c.taskNames()
	i := slices.IndexFunc(words, func(word string) bool { return !strings.Contains(word, "#") && !slices.Contains(tasks, word) })
	if i < 0 {
		return nil
	}
	known := tasks
	for _, command := range c.commands {
		if command.help != "" {
			known = append(known, command.name)
		}
	}
	for _, t := range c.targets {
		known = append(known, t.name)
	}
	slices.Sort(known)
	return fmt.Errorf("there is no task or command %q%s", words[i], suggest.Hint(words[i], slices.Compact(known)))
}

func (c *CLI) commandNamed(name string) *command {
	for _, command := range c.commands {
		if command.name == name {
			return command
		}
	}
	return nil
}

// accepts complains about a flag that belongs to other commands, and about words where none are wanted.
func (c *command) accepts(l *line) error {
	for _, f := range l.used {
		if !c.takes(f) {
			return fmt.Errorf("%s takes no flag -%s\nhint: with -h instead, it shows those it takes", cmp.Or(c.name, "a task"), f.name)
		}
	}
	if len(l.Args) > 0 && !c.arguments {
		return fmt.Errorf("%s takes no arguments behind --: they are for the commands of tasks", c.name)
	}
	if c.words == "" && len(l.words) > 1 {
		return fmt.Errorf("%s takes no %q", c.name, strings.Join(l.words[1:], " "))
	}
	return nil
}

func (c *command) takes(f *flag) bool {
	return f.group == general || slices.Contains(c.groups, f.group)
}
