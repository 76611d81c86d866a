// Command create starts a new workspace from this one: the same tree under another module path.
//
//	go run ./tools/create -module=example.com/acme ../acme
//
// It reads the workspace as data and needs no network. The new one is written beside its place and moved
// there at the end, so that it is there whole or not at all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "create:", err)
	os.Exit(1)
}

// run does what the arguments say. Results go to stdout, talk to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := options{stdout: stdout, stderr: stderr}
	flags := flag.NewFlagSet("create", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.module, "module", "", "the module `path` of the new workspace, such as example.com/acme")
	flags.BoolVar(&o.dryRun, "dry-run", false, "list the files, write nothing")
	flags.BoolVar(&o.git, "git", true, "make a git repository with a first commit, where git is there and knows who you are")
	flags.Usage = func() {
		say(stderr, "usage: go run ./tools/create -module=example.com/acme [-dry-run] [-git=false] FOLDER")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || o.module == "" {
		return errors.New("which module path, and which folder? For example: go run ./tools/create -module=example.com/acme ../acme")
	}
	o.target = flags.Arg(0)
	return o.create(ctx)
}

// say writes a line for people. It cannot fail in a way that matters.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
