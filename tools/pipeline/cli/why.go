package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"magpie.build/tools/pipeline"
)

// mostCauses is how many causes of a task are shown to people: the first ones say it.
const mostCauses = 10

// showWhy says what makes the tasks that the words name run, or made them run the last time. With -base it says what has
// changed since a commit instead.
func showWhy(ctx context.Context, c *CLI, s *settings, words []string) error {
	if s.Base != "" {
		return showAffected(ctx, c, s, words)
	}
	p, err := c.openFor(s, words)
	if err != nil {
		return err
	}
	s.Fresh = true
	found, err := p.Why(ctx, s.Options)
	if err != nil {
		return err
	}
	if s.json {
		return writeJSON(found)
	}
	var b strings.Builder
	for _, e := range found {
		explain(&b, e)
	}
	_, err = os.Stdout.WriteString(b.String())
	return err
}

func explain(b *strings.Builder, e pipeline.Explanation) {
	last := e.Last.Format(time.DateTime)
	switch {
	case e.Last.IsZero() && e.Runs:
		fmt.Fprintf(b, "%s would run: nothing is known of an earlier run\n", e.ID)
	case e.Last.IsZero():
		fmt.Fprintf(b, "%s is cached\n", e.ID)
	case e.Runs && len(e.Causes) == 0:
		fmt.Fprintf(b, "%s would run: what it made on %s is not in the cache\n", e.ID, last)
	case e.Runs:
		fmt.Fprintf(b, "%s would run; since %s:\n", e.ID, last)
	case len(e.Causes) == 0:
		fmt.Fprintf(b, "%s is cached since %s\n", e.ID, last)
	default:
		fmt.Fprintf(b, "%s is cached since %s; it ran then because:\n", e.ID, last)
	}
	for i, cause := range e.Causes {
		if i == mostCauses {
			fmt.Fprintf(b, "  and %d more\n", len(e.Causes)-i)
			break
		}
		fmt.Fprintf(b, "  %s\n", cause)
	}
}
