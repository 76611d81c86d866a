package main

import (
	"context"
	"flag"
	"io"
	"strings"

	"magpie.build/tools/bench/internal/load"
)

// hold is what this program is started as by itself, to hold connections beside others.
func hold(ctx context.Context, args []string, in io.Reader, out, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench hold", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addrs := flags.String("addrs", "", "servers, separated by commas")
	n := flags.Int("n", 0, "connections")
	first := flags.Int("first", 0, "number of the first one's channel")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return load.Hold(ctx, strings.Split(*addrs, ","), *first, *n, in, out)
}
