package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"magpie.build/packages/config"
)

const usage = `docs makes the documentation site from the workspace that it stands in.

usage:
  docs build [-out=dist/site]   write the site as static files
  docs serve [-dir=dist/site]   serve such files, or follow the workspace without -dir
  docs build -help              print every setting
`

// run does what the command line asks. It returns when that is done or ctx ends.
func run(ctx context.Context, args, env []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		args = []string{"help"}
	}
	var command func(context.Context, Config, io.Writer) error
	switch args[0] {
	case "build":
		command = build
	case "serve":
		command = serveSite
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(stdout, usage)
		return err
	default:
		return fmt.Errorf("unknown command %q\n\n%s", args[0], strings.TrimSuffix(usage, "\n"))
	}
	c, err := configure(args[1:], env, stdout)
	if errors.Is(err, config.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return command(ctx, c, stderr)
}
