// Command chaos finds out whether messages are lost without a word. It starts real servers and real Redis, publishes and
// watches as people do, kills, stops, cuts, delays and fills what it can meanwhile, and then judges what everybody wrote
// down by five laws.
//
//	go run ./tools/chaos                                    everything, for half an hour
//	go run ./tools/chaos -topology sentinel -nemesis failover -for 2m
//	go run ./tools/chaos -seed 42 …                         the same faults at the same times again
//	go run ./tools/chaos check <folder>                     judge a recorded run once more
//	go run ./tools/chaos list                               the nemeses of each topology
//
// Runs are kept in folders; a run that breaks a law names its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// errBroken is the end of a run in which a law was broken.
var errBroken = errors.New("a law was broken")

// run does what the arguments say. Verdicts go to stdout, progress to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "check":
			return check(args[1:], stdout)
		case "list":
			list(stdout)
			return nil
		}
	}
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	return o.run(ctx, stdout, stderr)
}

// check judges recorded runs.
func check(dirs []string, stdout io.Writer) error {
	if len(dirs) == 0 {
		return errors.New("check needs the folder of a run")
	}
	var broken error
	for _, dir := range dirs {
		v, report, err := judge(dir)
		if err != nil {
			return err
		}
		say(stdout, "%s", report)
		if !v.Good() {
			broken = errBroken
		}
	}
	return broken
}
