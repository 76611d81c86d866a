package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/suggest"
)

// Continue says what becomes of the other tasks when one fails.
type Continue string

// After a failure: running tasks are cancelled and no other starts; all go on but those that depend on the failed one; all go
// on, even these.
const (
	ContinueNever                  Continue = "never"
	ContinueDependenciesSuccessful Continue = "dependencies-successful"
	ContinueAlways                 Continue = "always"
)

// OutputLogs says which tasks' output is shown, and which tasks are named.
type OutputLogs string

// Everything, replayed where it comes from the cache; a line with its key for each task; the output of what ran;
// that of what failed; nothing. What failed is shown in full at the end in all modes but none.
const (
	OutputFull       OutputLogs = "full"
	OutputHashOnly   OutputLogs = "hash-only"
	OutputNewOnly    OutputLogs = "new-only"
	OutputErrorsOnly OutputLogs = "errors-only"
	OutputNone       OutputLogs = "none"
)

// LogOrder says in which order the output of tasks that run at once is shown.
type LogOrder string

// Line by line as it comes; task by task as they end; grouped where the variable CI is set and as a stream elsewhere.
const (
	OrderStream  LogOrder = "stream"
	OrderGrouped LogOrder = "grouped"
	OrderAuto    LogOrder = "auto"
)

// LogPrefix says what stands before each line of a task's output.
type LogPrefix string

// The task; nothing; nothing where a heading names the task, as in the groups of GitHub Actions, and the task elsewhere.
const (
	PrefixTask LogPrefix = "task"
	PrefixNone LogPrefix = "none"
	PrefixAuto LogPrefix = "auto"
)

// checkModes finds words in the options that stand for nothing.
func (o *Options) checkModes() error {
	return errors.Join(
		oneOf("continue", o.Continue, ContinueNever, ContinueDependenciesSuccessful, ContinueAlways),
		oneOf("output logs", o.OutputLogs, OutputFull, OutputHashOnly, OutputNewOnly, OutputErrorsOnly, OutputNone),
		oneOf("log order", o.LogOrder, OrderStream, OrderGrouped, OrderAuto),
		oneOf("log prefix", o.LogPrefix, PrefixTask, PrefixNone, PrefixAuto),
	)
}

// oneOf complains about a word that is none of those known. Nothing is fine.
func oneOf[W ~string](what string, word W, known ...W) error {
	if word == "" || slices.Contains(known, word) {
		return nil
	}
	var words []string
	for _, w := range known {
		words = append(words, string(w))
	}
	return fmt.Errorf("%s %q: want one of %s%s", what, word, strings.Join(words, ", "), suggest.Hint(string(word), words))
}
