package cli

import (
	"context"
	_ "embed" // the scripts
	"fmt"
	"os"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/suggest"
)

// Each of the scripts asks "magpie complete -- words" for what may stand in the place of the last word: one candidate a
// line, with a tab and its help behind it.
var (
	//go:embed completion.bash
	bashScript string
	//go:embed completion.zsh
	zshScript string
	//go:embed completion.fish
	fishScript string
)

var shells = []string{"bash", "fish", "zsh"}

// writeCompletion writes the script that teaches a shell to complete the command line.
func writeCompletion(_ context.Context, _ *CLI, _ *settings, words []string) error {
	scripts := map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}
	script, ok := scripts[strings.Join(words, " ")]
	if !ok {
		return fmt.Errorf("completion for which shell?%s", suggest.Hint(strings.Join(words, " "), shells))
	}
	_, err := os.Stdout.WriteString(script)
	return err
}

// A candidate is a word that may stand where one is being typed.
type candidate struct{ word, help string }

// complete writes what may stand in the place of the last of the words.
func complete(ctx context.Context, c *CLI, s *settings, _ []string) error {
	var out strings.Builder
	for _, found := range c.candidates(ctx, s.Args) {
		help, _, _ := strings.Cut(found.help, "\n")
		fmt.Fprintf(&out, "%s\t%s\n", found.word, help)
	}
	_, err := os.Stdout.WriteString(out.String())
	return err
}

// candidates returns what may stand in the place of the last of the words, and begins like it.
func (c *CLI) candidates(ctx context.Context, words []string) []candidate {
	if len(words) == 0 {
		words = []string{""}
	}
	before, last := words[:len(words)-1], words[len(words)-1]
	if slices.Contains(before, "--") {
		return nil
	}
	var found []candidate
	name, value, hasValue := cutFlag(last)
	switch f := waiting(before); {
	case f != nil:
		found = c.values(ctx, f, last)
	case hasValue:
		if f := flagNamed(name); f != nil {
			head := strings.TrimSuffix(last, value)
			for _, v := range c.values(ctx, f, value) {
				found = append(found, candidate{head + v.word, v.help})
			}
		}
	case strings.HasPrefix(last, "-"):
		found = c.flagCandidates(before, last)
	default:
		found = c.wordCandidates(ctx, before, last)
	}
	return slices.DeleteFunc(found, func(x candidate) bool { return !strings.HasPrefix(x.word, last) })
}

// waiting returns the flag at the end of the words whose value comes next, or nil.
func waiting(words []string) *flag {
	if len(words) == 0 {
		return nil
	}
	name, _, hasValue := cutFlag(words[len(words)-1])
	if f := flagNamed(name); f != nil && !hasValue && f.needsValue() && waiting(words[:len(words)-1]) == nil {
		return f
	}
	return nil
}

// named returns the command that words which are no flags and no values of flags name, and what follows it.
func (c *CLI) named(words []string) (*command, []string) {
	var plain []string
	for i, word := range words {
		if name, _, _ := cutFlag(word); name == "" && waiting(words[:i]) == nil {
			plain = append(plain, word)
		}
	}
	return c.command(plain)
}

func (c *CLI) flagCandidates(before []string, last string) []candidate {
	dashes := "-"
	if strings.HasPrefix(last, "--") {
		dashes = "--"
	}
	command, _ := c.named(before)
	var found []candidate
	for i := range flags {
		f := &flags[i]
		if !command.takes(f) {
			continue
		}
		word := dashes + f.name
		if f.needsValue() {
			word += "="
		}
		found = append(found, candidate{word, f.help})
	}
	return found
}

func (c *CLI) wordCandidates(ctx context.Context, before []string, last string) []candidate {
	command, words := c.named(before)
	switch {
	case command == runTasks && len(words) == 0:
		found := c.taskCandidates(ctx, last)
		for _, command := range c.commands {
			if command.help != "" {
				found = append(found, candidate{command.name, command.help})
			}
		}
		for _, t := range c.otherTargets() {
			found = append(found, candidate{t.name, t.help})
		}
		return found
	case command == runTasks:
		return c.taskCandidates(ctx, last)
	}
	return c.complete(ctx, command.complete, last)
}
