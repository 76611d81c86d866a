// Package doctor says what a machine lacks for working on a workspace, what for, and how to get it.
//
// [Run] looks into a list of [Check] values and writes a table. The list is data, so that every
// workspace can have its own; [Tool], [Go], and [Descriptors] make the usual ones.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
)

// ErrMissing says that something required is missing or too old. The table names it.
var ErrMissing = errors.New("something required is missing")

// Check is one thing that a machine should have.
type Check struct {
	// Name is what people call it.
	Name string
	// For says what needs it.
	For string
	// Optional marks what only makes more possible.
	Optional bool
	// Find returns what is there, usually a version, or an error that says in a few words what
	// is wrong. It should return when ctx ends.
	Find func(ctx context.Context) (found string, err error)
	// Advice says how to get it, by GOOS; "" is for all others.
	Advice map[string]string
}

// Run carries out the checks in order and writes a line for each, then how to get what is
// missing. It returns [ErrMissing] when a check that is not optional failed.
func Run(ctx context.Context, w io.Writer, checks ...Check) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var advice []string
	missing := 0
	for _, check := range checks {
		found, err := check.Find(ctx)
		status := "ok"
		if err != nil {
			status, found = "missing", err.Error()
			if check.Optional {
				status = "optional"
			} else {
				missing++
			}
			advice = append(advice, fmt.Sprintf("%s: %s", check.Name, check.advice()))
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", status, check.Name, found, check.For)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the doctor's table: %w", err)
	}
	if len(advice) > 0 {
		_, _ = fmt.Fprintf(w, "\nhow to get it:\n  %s\n", strings.Join(advice, "\n  "))
	}
	if missing > 0 {
		return fmt.Errorf("%w: %d of %d checks", ErrMissing, missing, len(checks))
	}
	return nil
}

func (c Check) advice() string {
	if advice, ok := c.Advice[runtime.GOOS]; ok {
		return advice
	}
	return c.Advice[""]
}
