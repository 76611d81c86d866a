// Package doctor finds out before a server runs, or beside one that does, whether it has what it needs: room
// and rights on the disk, descriptors, ports, certificates. Each check says what it found and, unless
// that is well, what to do.
//
// Begin with [Run]. The checks know nothing of settings: whoever makes them hands over what to look at.
package doctor

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// patience is how long one check may take.
const patience = 10 * time.Second

// Level is how bad a finding is.
type Level int

const (
	// Well needs nothing.
	Well Level = iota
	// Doubtful works for now, or for less than was asked for.
	Doubtful
	// Failed keeps the server from working.
	Failed
)

// String returns the word that stands before a finding.
func (l Level) String() string {
	switch l {
	case Well:
		return "ok"
	case Doubtful:
		return "warning"
	default:
		return "FAILED"
	}
}

// Finding is what a check found.
type Finding struct {
	Level Level
	// Text says what is so. Remedy says what to do about it, and is empty when all is well.
	Text, Remedy string
}

// Check looks at one thing. Run returns before its context ends, or soon after.
type Check struct {
	Name string
	Run  func(ctx context.Context) Finding
}

func well(format string, values ...any) Finding {
	return Finding{Level: Well, Text: fmt.Sprintf(format, values...)}
}

func doubtful(remedy, format string, values ...any) Finding {
	return Finding{Level: Doubtful, Text: fmt.Sprintf(format, values...), Remedy: remedy}
}

func failed(remedy, format string, values ...any) Finding {
	return Finding{Level: Failed, Text: fmt.Sprintf(format, values...), Remedy: remedy}
}

// Run runs the checks one after another and writes what they found, a line each and one with the remedy. It
// reports whether none failed; doubts are not failures. The error is that of writing.
func Run(ctx context.Context, w io.Writer, checks []Check) (healthy bool, err error) {
	// The table keeps what is written to it until it is flushed, and says then what went wrong.
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	counts := map[Level]int{}
	for _, check := range checks {
		found := examine(ctx, check)
		counts[found.Level]++
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", found.Level, check.Name, found.Text)
		if found.Remedy != "" {
			_, _ = fmt.Fprintf(table, "\t\thint: %s\n", found.Remedy)
		}
	}
	if err := table.Flush(); err != nil {
		return false, err
	}
	warnings := "warnings"
	if counts[Doubtful] == 1 {
		warnings = "warning"
	}
	_, err = fmt.Fprintf(w, "%d checks: %d ok, %d %s, %d failed\n", len(checks), counts[Well], counts[Doubtful], warnings, counts[Failed])
	return counts[Failed] == 0, err
}

func examine(ctx context.Context, check Check) Finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return check.Run(ctx)
}
