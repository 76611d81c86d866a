package cli_test

import (
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/cli"
)

// What mage's main is left with decides which target it calls.
func TestTakeLeavesMageTheTarget(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                                   "",
		"build":                              "build",
		"build test -dry":                    "build",
		"build -filter x --filter=y -- a -b": "build",
		"-filter x build -dry":               "build",
		"-dry=false build":                   "build",
		"-v -t 5m build -dry":                "-v -t 5m build",
		"-t=5m build test":                   "-t=5m build",
		"Build -dry":                         "Build",
		"build -h":                           "build",
		"-h build":                           "build",
		"apps/docs#build -dry":               "apps/docs#build",
		"graph -svg=x.svg build":             "graph",
		"magpie vet -dry":                    "magpie",
		// What is no task and no command is mage's affair.
		"deploy now -fast": "deploy now -fast",
		"deploy -h":        "-h deploy",
		"-l":               "-l",
		"-unknown":         "-unknown",
	} {
		args := slices.Concat([]string{"magefile"}, strings.Fields(line))
		cli.Take(&args, pipeline.Task{Name: "build"}, pipeline.Task{Name: "test"})
		if got := strings.Join(args[1:], " "); got != want {
			t.Errorf("%q leaves mage %q, want %q", line, got, want)
		}
	}
}
